import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { findWebKit, type WebKit } from './browsers.js';

// WebKitGTK without Playwright, which cannot drive it: a display, and a MiniBrowser with a profile on disk.

export interface Display {
  /** Such as `:99`. */
  readonly display: string;
  close(): Promise<void>;
}

export interface MiniBrowser {
  readonly pid: number;
  /** The living network process, which owns IndexedDB; another one takes the place of one that was killed. */
  networkProcess(): Promise<number>;
  /** Resolves when the browser and all of its processes are gone. */
  kill(): Promise<void>;
}

/** A virtual screen, one for all browsers. */
export async function startDisplay(): Promise<Display> {
  const { xvfb } = await webKit();
  const server = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const exited = once(server, 'exit');
  const numbers = server.stdio[3] as Readable;
  const [number] = await Promise.race([once(numbers, 'data'), exited]);
  if (!Buffer.isBuffer(number)) throw new Error(`Xvfb has ended with ${number}.`);
  return {
    display: `:${String(number).trim()}`,
    async close() {
      server.kill();
      await exited;
    },
  };
}

/** MiniBrowser showing `url`. What sites store is in the folder `profile`, and there again for the next one. */
export async function startMiniBrowser({
  url,
  profile,
  display,
}: {
  url: string;
  profile: string;
  display: string;
}): Promise<MiniBrowser> {
  const { miniBrowser } = await webKit();
  const browser = spawn(miniBrowser, [url], {
    // A process group of its own, which all of WebKit's processes stay in.
    detached: true,
    stdio: 'ignore',
    env: browserEnvironment(display, profile),
  });
  const pid = await pidOf(browser);
  return {
    pid,
    networkProcess: () =>
      eventually(async () => {
        const all = await processes();
        return all.find(({ group, name }) => group === pid && name.startsWith('WebKitNetwork'))?.pid;
      }),
    kill: () => endGroup(pid),
  };
}

export async function webKit(): Promise<WebKit> {
  const found = await findWebKit();
  if (!found) throw new Error('There is no WebKitGTK here. Install webkit2gtk-driver and xvfb.');
  return found;
}

/** A home of its own: nothing of the person's, and nothing of another browser's. */
export function browserEnvironment(display: string, home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DISPLAY: display,
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CACHE_HOME: join(home, 'cache'),
  };
}

/** Rejects where the program could not be started. */
export async function pidOf(child: ChildProcess): Promise<number> {
  await once(child, 'spawn');
  return child.pid ?? Number.NaN;
}

/** Kills a process and all of its children, and resolves when they are gone. */
export async function endGroup(pid: number): Promise<void> {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
  await eventually(async () => (await processes()).every(({ group }) => group !== pid) || undefined);
}

interface Process {
  readonly pid: number;
  /** Cut off after 15 characters. */
  readonly name: string;
  readonly group: number;
}

/** Every process that is alive: Linux also lists dead ones whose parent has not noticed. */
async function processes(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    pids.map(async (pid) => {
      // It may end at any moment.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const [, name = '', state = 'X', group] = /\((.*)\) (\S) \d+ (\d+)/s.exec(stat) ?? [];
      return { pid: Number(pid), name, state, group: Number(group) };
    }),
  );
  return all.filter(({ state }) => !'ZX'.includes(state));
}

/** Asks until there is an answer: /proc has no events. */
export async function eventually<T>(ask: () => Promise<T | undefined>, timeout = 20_000): Promise<T> {
  for (const end = Date.now() + timeout; Date.now() < end; await wait(10)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`Nothing for ${timeout} ms.`);
}
