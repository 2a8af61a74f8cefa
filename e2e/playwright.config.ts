import { fileURLToPath } from 'node:url';
import {
  defineConfig,
  type PlaywrightTestOptions,
  type PlaywrightWorkerOptions,
  type Project,
} from '@playwright/test';
import {
  type Browser,
  type BrowserName,
  browserNames,
  findBrowser,
  findWebKit,
  overrides,
} from './browsers.js';
import type { SiteOptions } from './faults/two-tabs.ts';
import { blankUrl, demoPort, demoUrl, INTRANET, intranetUrl, sourcesPort } from './servers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { CI, TEST_WORKER_INDEX } = process.env;
/** They drive WebKitGTK themselves: Playwright cannot. */
const webKitTests = '**/webkit*.spec.ts';
/** Where tabs of one site meet: without Web Locks, too. */
const insecureTests = ['insecure', 'ownership', 'begun-anew', 'destroyed'].map(
  (name) => `**/faults/${name}.spec.ts`,
);

type OurProject = Project<PlaywrightTestOptions & SiteOptions, PlaywrightWorkerOptions>;

const projects: OurProject[] = [];
for (const name of browserNames) {
  const browser = await findBrowser(name);
  if (browser) projects.push(project(name, browser), insecure(name, browser));
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

function project(name: BrowserName, { executablePath, channel }: Browser): OurProject {
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
  args.push('--disable-component-update', '--disable-sync');
  return {
    name,
    testIgnore: [webKitTests, '**/faults/insecure.spec.ts'],
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

/** The same browser on a site that is an insecure context, as many are that an office has for itself. */
function insecure(name: BrowserName, browser: Browser): OurProject {
  const { use, grepInvert, ...secure } = project(name, browser);
  const { args = [] } = use?.launchOptions ?? {};
  return {
    ...secure,
    name: `${name} insecure`,
    testMatch: insecureTests,
    testIgnore: [],
    grepInvert: [/@secure/, ...[grepInvert ?? []].flat()],
    use: {
      ...use,
      site: intranetUrl,
      launchOptions: {
        ...use?.launchOptions,
        ...(name === 'chromium' && { args: [...args, `--host-resolver-rules=MAP ${INTRANET} localhost`] }),
        ...(name === 'firefox' && { firefoxUserPrefs: { 'network.dns.localDomains': INTRANET } }),
      },
    },
  };
}

function skip(name: keyof typeof overrides): void {
  const missing = `no ${name} was found. Install one, or name one in ${overrides[name]}.`;
  if (CI) throw new Error(`Cannot test: ${missing}`);
  // Once, and not in every worker process.
  if (TEST_WORKER_INDEX === undefined) console.warn(`SKIPPED, every test in ${name}: ${missing}`);
}
