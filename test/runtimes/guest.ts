import { InMemoryEventStore, InMemorySnapshotStore } from 'rewake';
import { HttpEventStore, HttpSnapshotStore } from 'rewake/http';
import { overNeon, overPglite, overPostgresJs } from './guest-postgres.ts';
import { inClosedFile, inFile, inMemory, passOn } from './guest-sqlite.ts';
import { type Case, sharedByName, suite } from './guest-suite.ts';

// Runs in Node, bun and Deno, not in vitest: runs what the first argument names, and writes a line of JSON for each case.

for (const name of ['rewake', 'rewake/conformance', 'rewake/sqlite', 'rewake/postgres', 'rewake/http'])
  if (!import.meta.resolve(name).includes('/dist/')) throw new Error(`${name} is not the built one.`);

const memory = () =>
  suite(() =>
    sharedByName(() => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() })),
  );

const overHttp = (server: string) =>
  suite((scope) => (name) => {
    const url = `${server}/${process.pid}-${scope}/${encodeURIComponent(name)}`;
    return { snapshots: new HttpSnapshotStore({ url }), events: new HttpEventStore({ url }) };
  });

const all: Record<string, (where: string, proxy: string) => Case[] | Promise<Case[]>> = {
  memory,
  'SQLite in memory': inMemory,
  'SQLite in a file': inFile,
  'SQLite in a file that is closed after each call': inClosedFile,
  'passed on': passOn,
  PGlite: overPglite,
  'postgres.js': overPostgresJs,
  Neon: overNeon,
  HTTP: overHttp,
};

const [what = '', where = '', proxy = ''] = process.argv.slice(2);
const cases = await all[what]?.(where, proxy);
if (!cases) throw new Error(`There is no ${what}.`);
// As a server's socket would: a run that is open keeps no Node running.
setInterval(() => {}, 60_000);
for (const [name, run] of cases) {
  const error = await run().then(
    () => undefined,
    (reason: unknown) => `${Object(reason).stack}`,
  );
  console.log(JSON.stringify({ name, error }));
}
// Some connections are still open.
process.exit();
