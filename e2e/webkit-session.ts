import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { browserEnvironment, endGroup, eventually, pidOf, webKit } from './webkit.ts';

export interface WebKitWindow {
  goto(url: string): Promise<void>;
  /** Calls a function, which sees nothing but its arguments, in the page. These and its result have to be JSON. */
  execute<T, Args extends unknown[]>(work: (...args: Args) => T | Promise<T>, ...args: Args): Promise<T>;
  /** As PNG. */
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

/** The first window, and the way to more; closing it closes all. What sites store is gone then. */
export interface WebKitSession extends WebKitWindow {
  openWindow(): Promise<WebKitWindow>;
}

/** MiniBrowser over WebDriver. */
export async function openSession(display: string): Promise<WebKitSession> {
  const { miniBrowser, driver } = await webKit();
  const home = await mkdtemp(join(tmpdir(), 'rewake-webkit-'));
  const port = await freePort();
  const server = spawn(driver, [`--port=${port}`], {
    detached: true,
    stdio: 'ignore',
    env: browserEnvironment(display, home),
  });
  const pid = await pidOf(server);

  async function command<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
    if (!response.ok) throw new Error(`WebKitWebDriver, ${path}: ${value.error}: ${value.message}`);
    return value;
  }

  await eventually(() => command('GET', '/status').catch(() => undefined));
  const { sessionId } = await command<{ sessionId: string }>('POST', '/session', {
    capabilities: {
      alwaysMatch: {
        browserName: 'MiniBrowser',
        'webkitgtk:browserOptions': { binary: miniBrowser, args: ['--automation'] },
        timeouts: { script: SCRIPT_TIMEOUT_MS },
      },
    },
  });
  const session = `/session/${sessionId}`;

  /** WebDriver does one thing at a time, in the window that was chosen before. */
  let last: Promise<unknown> = Promise.resolve();
  function inWindow<T>(handle: string, method: string, path: string, body?: object): Promise<T> {
    const result = last.then(async () => {
      await command('POST', `${session}/window`, { handle });
      return command<T>(method, session + path, body);
    });
    last = result.catch(() => {});
    return result;
  }

  const windowOf = (handle: string): WebKitWindow => ({
    goto: (url) => inWindow(handle, 'POST', '/url', { url }),
    async execute<T, Args extends unknown[]>(work: (...args: Args) => T | Promise<T>, ...args: Args) {
      // As text, because WebKit's WebDriver chokes on lone surrogates, which JSON.stringify escapes.
      const text = await inWindow<string>(handle, 'POST', '/execute/async', {
        script: `const [args, done] = arguments;
          (async () => (${work})(...args))().then(
            (value) => done(JSON.stringify({ value })),
            (error) => done(JSON.stringify({ error: error + '\\n' + error.stack })),
          );`,
        args: [args],
      });
      const { value, error }: { value: T; error?: string } = JSON.parse(text);
      if (error !== undefined) throw new Error(`In the page: ${error}`);
      return value;
    },
    screenshot: async () => Buffer.from(await inWindow<string>(handle, 'GET', '/screenshot'), 'base64'),
    close: () => inWindow(handle, 'DELETE', '/window'),
  });

  const first = await command<string>('GET', `${session}/window`);
  return {
    ...windowOf(first),
    openWindow: async () =>
      windowOf((await inWindow<{ handle: string }>(first, 'POST', '/window/new', { type: 'window' })).handle),
    async close() {
      await endGroup(pid);
      await rm(home, { recursive: true, force: true });
    },
  };
}

const SCRIPT_TIMEOUT_MS = 120_000;
