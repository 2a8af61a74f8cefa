import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { handle } from 'rewake/http';

// Runs in bun and Deno: the line of docs/http.md. What is in the path before `/events` names the stores.

let heads = 0;

class CountedEventStore extends InMemoryEventStore<unknown> {
  override head(runId: string) {
    heads++;
    return super.head(runId);
  }
}

const opened = new Map<string, { snapshots: InMemorySnapshotStore<unknown>; events: CountedEventStore }>();

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === '/heads') return Response.json(heads);
  const name = pathname.slice(0, pathname.lastIndexOf('/'));
  const stores = opened.get(name) ?? {
    snapshots: new InMemorySnapshotStore(),
    events: new CountedEventStore(),
  };
  opened.set(name, stores);
  return handle(request, stores, {
    authorize: () => true,
    pollEvery: name.includes('polled') ? 10 : 3_600_000,
  });
}

// biome-ignore lint/style/noDefaultExport: what both serve.
export default { port: 0, hostname: '127.0.0.1', fetch: answer };
