import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const scripts = ['rewake-page', 'rewake-worker', 'workbox-page', 'workbox-worker'] as const;

/** A message as the server has it. */
export interface Booked {
  readonly key: string;
  readonly message: string;
}

export interface MessageServer {
  readonly url: string;
  /** `offline`: a post gets no answer, only an end. `hold`: it waits for `release`. */
  mode: 'online' | 'offline' | 'hold';
  /** Each post that was answered, also one that came twice. */
  readonly booked: readonly Booked[];
  /** Resolves when the next post is held. */
  held(): Promise<unknown>;
  /** Resolves when the next post was booked. */
  next(signal: AbortSignal): Promise<unknown>;
  /** Answers those that are held, and whose sender still waits. The others count for nothing. */
  release(): void;
  close(): Promise<void>;
}

/** The pages of both sides, and what they post their messages to. */
export async function serveMessages(): Promise<MessageServer> {
  const code = new Map<string, string>();
  for (const name of scripts) code.set(`/${name}.js`, await bundle(name));
  const signals = new EventEmitter();
  const booked: Booked[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/messages') return receive(request, response);
    const script = code.get(pathname);
    const page = /^\/(rewake|workbox)$/.exec(pathname)?.[1];
    const headers = { 'Content-Type': script ? 'text/javascript' : 'text/html', 'Cache-Control': 'no-store' };
    const html = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/${page}-page.js"></script>`;
    if (script || page) response.writeHead(200, headers).end(script ?? html);
    else response.writeHead(404).end();
  });

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (messages.mode === 'offline') return void response.destroy();
    const key = String(request.headers['idempotency-key']);
    let message = '';
    try {
      for await (const chunk of request) message += chunk;
    } catch {
      return;
    }
    const answer = () => {
      // Whoever sent it is gone: as if it had never come in full.
      if (response.destroyed || request.socket.destroyed) return;
      response.writeHead(200, { Connection: 'close' }).end('ok');
      booked.push({ key, message });
      signals.emit('booked');
    };
    if (messages.mode === 'online') return answer();
    waiting.push(answer);
    signals.emit('held');
  }

  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const messages: MessageServer = {
    url: `http://localhost:${port}/`,
    mode: 'online',
    booked,
    held: () => once(signals, 'held'),
    next: (signal) => once(signals, 'booked', { signal }),
    release() {
      for (const answer of waiting.splice(0)) answer();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return messages;
}

async function bundle(name: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: {
      alias: {
        'rewake/workflow': path('../../src/workflow/index.ts'),
        rewake: path('../../src/index.ts'),
      },
    },
    build: { write: false, target: 'es2022', lib: { entry: path(`${name}.ts`), formats: ['es'] } },
  });
  const [built] = Array.isArray(result) ? result : [result];
  const code = built && 'output' in built ? built.output[0].code : undefined;
  if (code === undefined) throw new Error(`${name} could not be built.`);
  return code;
}
