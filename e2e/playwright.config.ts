import { fileURLToPath } from 'node:url';
import { defineConfig, type Project } from '@playwright/test';
import {
  type Browser,
  type BrowserName,
  browserNames,
  findBrowser,
  findWebKit,
  overrides,
} from './browsers.js';
import { blankUrl, demoPort, demoUrl, sourcesPort } from './servers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { CI, TEST_WORKER_INDEX } = process.env;
/** They drive WebKitGTK themselves: Playwright cannot. */
const webKitTests = '**/webkit*.spec.ts';

const projects: Project[] = [];
for (const name of browserNames) {
  const browser = await findBrowser(name);
  if (browser) projects.push(project(name, browser));
  else skip(name);
}
if (await findWebKit()) projects.push({ name: 'webkit', testMatch: webKitTests });
else skip('webkit');
// Without any project, Playwright would make up one.
if (projects.length === 0) throw new Error('There is no browser to test in.');

export default defineConfig({
  testDir: '.',
  outputDir: `${root}/test-results`,
  reporter: 'list',
  fullyParallel: true,
  workers: 2,
  // A browser of many processes on a busy machine; what needed it is told as flaky. Not for the kills: see there.
  retries: 1,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  forbidOnly: Boolean(CI),
  projects,
  webServer: [
    {
      // Built here, so that nobody tests the demo of yesterday.
      command: `npx vite build --mode demo --logLevel warn && npx vite preview --mode demo --port ${demoPort} --strictPort`,
      url: demoUrl,
      cwd: root,
    },
    {
      command: `npx vite -c e2e/vite.config.ts --port ${sourcesPort} --strictPort`,
      url: blankUrl,
      cwd: root,
    },
  ],
});

function project(name: BrowserName, { executablePath, channel }: Browser): Project {
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
  args.push('--disable-component-update', '--disable-sync');
  return {
    name,
    testIgnore: webKitTests,
    // What needs the DevTools protocol, or is the same in every browser.
    ...(name === 'firefox' && { grepInvert: /@chromium/ }),
    use: {
      browserName: name,
      baseURL: demoUrl,
      ...(channel && { channel }),
      launchOptions: { executablePath, ...(name === 'chromium' && { args }) },
    },
  };
}

function skip(name: keyof typeof overrides): void {
  const missing = `no ${name} was found. Install one, or name one in ${overrides[name]}.`;
  if (CI) throw new Error(`Cannot test: ${missing}`);
  // Once, and not in every worker process.
  if (TEST_WORKER_INDEX === undefined) console.warn(`SKIPPED, every test in ${name}: ${missing}`);
}
