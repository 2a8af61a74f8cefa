import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, expect, type Page } from '@playwright/test';
import reactPlugin from '@vitejs/plugin-react';
import { createServer, type ViteDevServer } from 'vite';

// rewake/react under Vite's development server: the real StrictMode, Fast Refresh and hydration.

declare const window: Window & { statuses?: string[] };

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Where `react` and `react-dom` are, and how their version begins. */
const versions = {
  'React 19': { version: '19.', modules: path('../node_modules') },
  'React 18': { version: '18.', modules: path('../node_modules/react-18/node_modules') },
};
type React = (typeof versions)[keyof typeof versions];

interface Site {
  readonly url: string;
  /** Saves a change of a file, as an editor does. */
  edit(file: string, from: string, to: string): Promise<void>;
}

const test = base.extend<{ react: React; site: Site }>({
  react: [versions['React 19'], { option: true }],
  site: async ({ react: { modules } }, use) => {
    // In the repository, so that everything else is found.
    await mkdir(path('.generated'), { recursive: true });
    const root = await mkdtemp(path('.generated/react-'));
    await cp(path('react-app'), root, { recursive: true });
    await mkdir(join(root, 'node_modules'));
    for (const name of ['react', 'react-dom'])
      await symlink(join(modules, name), join(root, 'node_modules', name), 'junction');
    const server = await createServer({
      root,
      configFile: false,
      logLevel: 'error',
      cacheDir: join(root, '.vite'),
      plugins: [reactPlugin(), serverRendering],
      resolve: {
        // Found from the root by everybody, also by rewake/react.
        dedupe: ['react', 'react-dom'],
        alias: [
          { find: /^rewake$/, replacement: path('../src/index.ts') },
          { find: /^rewake\/(\w+)$/, replacement: `${path('../src')}/$1/index.ts` },
        ],
      },
      optimizeDeps: {
        include: ['react', 'react-dom/client', 'react/jsx-dev-runtime', 'idb'],
        noDiscovery: true,
      },
      server: { fs: { allow: [path('..')] }, watch: { usePolling: true, interval: 50 } },
    });
    await server.listen(0);
    await use({
      url: server.resolvedUrls?.local[0] ?? '',
      async edit(file, from, to) {
        const text = await readFile(join(root, file), 'utf8');
        expect(text).toContain(from);
        // At once: half of a file is another change.
        await writeFile(join(root, 'saved'), text.replace(from, to));
        await rename(join(root, 'saved'), join(root, file));
      },
    });
    await server.close();
    await rm(root, { recursive: true, force: true });
  },
});

/** At `/rendered`, the page comes with what a server renders. */
const serverRendering = {
  name: 'server-rendering',
  configureServer(server: ViteDevServer) {
    server.middlewares.use('/rendered', async (_request, response) => {
      const page = await readFile(join(server.config.root, 'index.html'), 'utf8');
      const { html } = await server.ssrLoadModule('/server.tsx');
      const rendered = page.replace('<div id="root"></div>', `<div id="root">${html()}</div>`);
      response.setHeader('Content-Type', 'text/html');
      response.end(await server.transformIndexHtml('/', rendered));
    });
  },
};

async function visit(page: Page, url: string, react: React) {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  // An edit before that is answered by a reload.
  const connected = page.waitForEvent('console', (message) => message.text() === '[vite] connected.');
  await page.goto(url);
  await connected;
  await expect(page.locator('small')).toContainText(`React ${react.version}`);
  const output = page.locator('output');
  return {
    complaints,
    shows: (text: string) => expect(output).toHaveText(text),
    statuses: () => page.evaluate(() => window.statuses),
    click: (name: string) => page.getByRole('button', { name }).click(),
    draft: page.getByLabel('Draft'),
  };
}

// One server at a time: with two, an edit was sometimes answered by a reload of the page.
test.describe.configure({ mode: 'default' });

for (const [name, react] of Object.entries(versions)) {
  test.describe(`rewake/react with ${name}`, { tag: '@chromium' }, () => {
    test.use({ react });

    test('StrictMode opens the run once, and a reload goes on', async ({ page, site }) => {
      const { shows, click, statuses, complaints } = await visit(page, site.url, react);
      await shows('The sum is 0');
      await click('Add');
      await click('Add');
      await shows('The sum is 2');
      expect(await statuses()).toEqual(['opening', 'open']);
      await page.reload();
      await shows('The sum is 2');
      expect(complaints).toEqual([]);
    });

    test('unmounted and mounted again, it goes on without waiting for itself', async ({ page, site }) => {
      const { shows, click, statuses, complaints } = await visit(page, site.url, react);
      await shows('The sum is 0');
      await click('Add');
      // Without a pause, so that it is mounted again while its run is being closed, or opened.
      await page.getByRole('button', { name: 'Toggle' }).evaluate(async (button) => {
        for (let clicks = 0; clicks < 20; clicks++) {
          button.dispatchEvent(new MouseEvent('click', { bubbles: true }));
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
      });
      await shows('The sum is 1');
      expect(new Set(await statuses())).toEqual(new Set(['opening', 'open']));
      await click('Toggle');
      await expect.poll(() => page.evaluate(async () => (await navigator.locks.query()).held)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('a second tab waits, and has the run when the first one is closed', async ({ context, site }) => {
      const [first, second] = [await context.newPage(), await context.newPage()];
      const owner = await visit(first, site.url, react);
      await owner.shows('The sum is 0');
      const next = await visit(second, site.url, react);
      await next.shows('waiting');
      await first.bringToFront();
      await owner.click('Add');
      await owner.shows('The sum is 1');
      await first.close();
      await next.shows('The sum is 1');
      expect(await next.statuses()).toEqual(['opening', 'waiting', 'open']);
    });

    test('Fast Refresh: an edit of the component keeps the run and what the user has typed', async ({
      page,
      site,
    }) => {
      const { shows, click, statuses, draft, complaints } = await visit(page, site.url, react);
      await shows('The sum is 0');
      await click('Add');
      await draft.fill('typed');
      await site.edit('app.tsx', 'The sum is', 'All in all');
      await shows('All in all 1');
      expect(await statuses()).toEqual(['opening', 'open']);
      await expect(draft).toHaveValue('typed');
      await click('Add');
      await shows('All in all 2');
      expect(await statuses()).toEqual(['opening', 'open']);
      expect(complaints).toEqual([]);
    });

    test('Fast Refresh: an edit of the reducer opens the run again, with the new one', async ({
      page,
      site,
    }) => {
      const { shows, click, statuses, complaints } = await visit(page, site.url, react);
      await shows('The sum is 0');
      await click('Add');
      await shows('The sum is 1');
      await site.edit('sum-run.ts', 'sum + event', 'sum + 10 * event');
      await expect.poll(statuses).toEqual(['opening', 'open', 'opening', 'open']);
      // The snapshot of the old one counts, as the version is the same.
      await shows('The sum is 1');
      await click('Add');
      await shows('The sum is 11');
      await site.edit('sum-run.ts', 'initialState: 0,', 'initialState: 0, version: 2,');
      await shows('The sum is 20');
      expect(complaints).toEqual([]);
    });

    test('what a server has rendered is hydrated without a warning', async ({ page, site }) => {
      const first = await visit(page, site.url, react);
      await first.shows('The sum is 0');
      await first.click('Add');
      await first.shows('The sum is 1');
      const response = await page.request.get(`${site.url}rendered`);
      expect(await response.text()).toMatch(/<small>React \S+<\/small>.*<output>opening<\/output>/);
      const { shows, click, complaints } = await visit(page, `${site.url}rendered`, react);
      await shows('The sum is 1');
      await click('Add');
      await shows('The sum is 2');
      expect(complaints).toEqual([]);
    });
  });
}
