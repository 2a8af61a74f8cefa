import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Listeners<N> {
  /** The script of the page. */
  readonly page: string;
  readonly round: () => number;
  /** The plans of the present round, one for each page. */
  readonly plans: () => readonly object[];
  /** A page has asked for the plan: it lives, and is about to recover. */
  readonly onStart: () => void;
  readonly onNote: (note: N) => void;
  /** What else is asked for. */
  readonly answer: (path: string, search: URLSearchParams) => Promise<string | undefined> | undefined;
}

/** The pages and their line to the test: one origin as long as the series lasts. */
export async function serveWriter<N>({ page, round, plans, onStart, onNote, answer: other }: Listeners<N>) {
  const script = await bundle(page);
  const known = new Set<string>();
  const answers: { readonly [path: string]: (request: IncomingMessage, search: URLSearchParams) => unknown } =
    {
      // A browser that was killed may bring back the tabs that it had: they must do nothing. One reloads itself.
      '/': (_, search) => html(search.get('round') === String(round()) || search.get('round') === 'now'),
      '/worker': (_, search) => html(search.get('round') === String(round())),
      '/script.js': () => script,
      '/plan': (_, search) => {
        onStart();
        return JSON.stringify(plans()[Number(search.get('page'))]);
      },
      '/notes': async (request) => {
        const { id, notes } = JSON.parse(await bodyOf(request));
        // It is sent again where the answer was lost on the way.
        if (!known.has(id)) for (const note of notes) onNote(note);
        known.add(id);
        return String(round());
      },
    };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    try {
      const answer = await (answers[pathname]?.(request, searchParams) ?? other(pathname, searchParams));
      const type = pathname === '/script.js' ? 'text/javascript' : 'text/html';
      const headers = { 'Content-Type': type, 'Cache-Control': 'no-store' };
      response.writeHead(answer === undefined ? 404 : 200, headers).end(answer);
    } catch {
      // It was killed in the middle of a request.
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const html = (alive: boolean) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>A page that will be killed</title>
    <link rel="icon" href="data:," />
    ${alive ? '<script type="module" src="/script.js"></script>' : ''}
  </head>
  <body></body>
</html>
`;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function bundle(page: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      minify: false,
      lib: { entry: path(page), formats: ['es'] },
    },
  });
  const [built] = Array.isArray(result) ? result : [result];
  const code = built && 'output' in built ? built.output[0].code : undefined;
  if (code === undefined) throw new Error('The page could not be built.');
  return code;
}
