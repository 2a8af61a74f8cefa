import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What `npm run example:server` starts, and prints. */
export interface Example {
  readonly notesUrl: string;
  readonly demoUrl: string;
  stop(): Promise<void>;
}

/** Starts it as npm does, without a shell between, so that it can be stopped. */
export async function startExample(token: string): Promise<Example> {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const { scripts } = JSON.parse(readFileSync(`${cwd}/package.json`, 'utf8'));
  const [, ...args] = scripts['example:server'].split(' ');
  const server = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, PORT: '0', TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const urls: string[] = [];
  for await (const line of createInterface({ input: server.stdout })) {
    urls.push(line.replace(/ .*/, ''));
    if (urls.length === 2) break;
  }
  const [notesUrl, demoUrl] = urls;
  if (!notesUrl || !demoUrl) throw new Error('The example did not start.');
  return {
    notesUrl,
    demoUrl,
    async stop() {
      const exit = once(server, 'exit');
      server.kill();
      await exit;
    },
  };
}
