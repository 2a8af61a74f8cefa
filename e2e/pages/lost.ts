import { KernelError, openRun, openStores } from '../../src/index.ts';

// Appends until that fails, looks whether the database opens again, and reloads.

export type LostReport =
  | { readonly what: 'opened'; readonly backend: string; readonly seq: number; readonly state: number }
  | { readonly what: 'appended'; readonly seq: number }
  | { readonly what: 'lost'; readonly code: string; readonly reopened: string };

const reportsUrl = new URLSearchParams(location.search).get('reports') ?? '';

async function report(content: LostReport): Promise<void> {
  // The process that keeps the databases is also the one that fetches.
  await fetch(reportsUrl, { method: 'POST', body: JSON.stringify(content) }).catch(() => report(content));
}

const codeOf = (error: unknown) => (error instanceof KernelError ? error.code : String(error));

try {
  const stores = await openStores<number, number>();
  const reduce = (sum: number, event: number) => sum + event;
  const run = await openRun({ runId: 'lost', reduce, initialState: 0, snapshotEvery: 5, stores });
  await report({ what: 'opened', backend: stores.backend, seq: run.seq, state: run.state });
  for (;;) await report({ what: 'appended', seq: await run.append(1) });
} catch (error) {
  const reopened = await openStores().then(({ backend }) => backend, codeOf);
  await report({ what: 'lost', code: codeOf(error), reopened });
  location.reload();
}
