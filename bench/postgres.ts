import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import { migratePostgres, PostgresEventStore, PostgresSnapshotStore } from '../src/postgres/index.ts';
import { startPostgres } from '../test/postgres-server.ts';
import { median, rotated } from './statistics.ts';

// rewake/postgres beside Emmett's event store and a naive one, in a server of its own; writes results/postgres.md.

const ROUNDS = 3;

interface Event {
  readonly type: 'imported';
  readonly data: { readonly file: string; readonly bytes: number; readonly tags: readonly string[] };
}

const eventsOf = (count: number): Event[] =>
  Array.from({ length: count }, (_, n) => ({
    type: 'imported',
    data: { file: `holiday/picture-${n}.png`, bytes: 1_000_000 + n, tags: ['sea', 'summer', 'family'] },
  }));

interface Subject {
  readonly name: string;
  /** Appends after so many events, and fails if there are others. */
  append(run: string, events: Event[], head: number): Promise<unknown>;
  scan(run: string): Promise<number>;
}

const server = await startPostgres();
const { host, port, user, database } = server;
const pool = new pg.Pool({ host, port, user, database, max: 4 });
await migratePostgres(pool);

function rewake(): Subject {
  const store = new PostgresEventStore<Event>(pool);
  return {
    name: 'rewake/postgres',
    append: (run, events, expectedHead) => store.append(run, events, { expectedHead, writer: 'bench' }),
    scan: async (run) => (await store.scan(run, 1)).events.length,
  };
}

const emmettStore = getPostgreSQLEventStore(`postgresql://${user}@${host}:${port}/${database}`);
await emmettStore.schema.migrate();

function emmett(): Subject {
  return {
    name: 'emmett-postgresql',
    append: (run, events, head) =>
      emmettStore.appendToStream(run, events, {
        expectedStreamVersion: head === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(head),
      }),
    scan: async (run) => (await emmettStore.readStream(run)).events.length,
  };
}

async function naive(): Promise<Subject> {
  await pool.query(
    'CREATE TABLE naive (run_id TEXT, seq BIGINT, event JSONB NOT NULL, PRIMARY KEY (run_id, seq))',
  );
  const client = await pool.connect();
  const insert = `INSERT INTO naive SELECT $1, coalesce(max(seq), 0) + 1, $2 FROM naive WHERE run_id = $1`;
  return {
    name: 'naive: INSERT with SELECT max(seq) per event',
    async append(run, events) {
      await client.query('BEGIN');
      for (const event of events) await client.query(insert, [run, event]);
      await client.query('COMMIT');
    },
    async scan(run) {
      const { rows } = await client.query('SELECT seq, event FROM naive WHERE run_id = $1 ORDER BY seq', [
        run,
      ]);
      return rows.length;
    },
  };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

const subjects = [rewake(), emmett(), await naive()];
const workloads = [
  { batch: 1, events: 300 },
  { batch: 100, events: 5_000 },
  { batch: 10_000, events: 20_000 },
];
const perSecond = new Map(subjects.map(({ name }) => [name, new Map<string, number[]>()]));
function note(subject: string, what: string, value: number): void {
  const values = perSecond.get(subject);
  values?.set(what, [...(values.get(what) ?? []), value]);
}

for (let round = -1; round < ROUNDS; round++) {
  for (const subject of rotated(subjects, Math.max(round, 0))) {
    for (const { batch, events } of workloads) {
      const run = `${batch} ${round}`;
      const all = eventsOf(batch);
      // The first round warms up, with less.
      const count = round < 0 ? batch : events;
      const took = await seconds(async () => {
        for (let head = 0; head < count; head += batch) await subject.append(run, all, head);
      });
      if (round >= 0) note(subject.name, `by ${batch}`, count / took);
    }
    if (round < 0) continue;
    let found = 0;
    const took = await seconds(async () => {
      found = await subject.scan(`10000 ${round}`);
    });
    if (found !== 20_000) throw new Error(`${subject.name} found ${found} events.`);
    note(subject.name, 'scan', found / took);
  }
  console.log(`round ${round + 1} of ${ROUNDS}`);
}

// Many writers, each with a run and a connection of its own.
const WRITERS = 16;
const crowdPool = new pg.Pool({ host, port, user, database, max: WRITERS });
const crowdStore = new PostgresEventStore<Event>(crowdPool);
const crowd: { batch: number; appends: number; events: number }[] = [];
for (const [batch, batches] of [
  [1, 100],
  [10, 100],
  [100, 40],
] as const) {
  const all = eventsOf(batch);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const took = await seconds(() =>
      Promise.all(
        Array.from({ length: WRITERS }, async (_, writer) => {
          for (let n = 0; n < batches; n++)
            await crowdStore.append(`crowd ${batch} ${round} ${writer}`, all, {
              expectedHead: n * batch,
              writer: 'w',
            });
        }),
      ),
    );
    rates.push((WRITERS * batches) / took);
  }
  crowd.push({ batch, appends: median(rates), events: median(rates) * batch });
}
await crowdPool.end();

// Before there is more: what a row takes.
await pool.query('VACUUM ANALYZE');
const sizeOf = async (table: string): Promise<string> => {
  const { rows } = await pool.query(
    `SELECT pg_total_relation_size('${table}') / greatest(count(*), 1) AS bytes, count(*) AS n FROM ${table}`,
  );
  return `${rows[0].bytes} bytes a row in ${table} (${Number(rows[0].n).toLocaleString('en')} rows, with indexes)`;
};
const json = JSON.stringify(eventsOf(1)[0]).length;
const sizes = [await sizeOf('kernel_events'), await sizeOf('kernel_runs')];

// 1 MB of state.
const state = {
  items: Array.from({ length: 10_000 }, (_, n) => ({ n, text: 'x'.repeat(77), done: n % 2 === 0 })),
};
const megabytes = JSON.stringify(state).length / 1_000_000;
const snapshots = new PostgresSnapshotStore(pool);
const saves: number[] = [];
const loads: number[] = [];
for (let round = 0; round < 20; round++) {
  saves.push(await seconds(() => snapshots.save({ runId: 'big', atSeq: round, state })));
  loads.push(await seconds(() => snapshots.loadLatest('big')));
}

// Flat: appends to a log of 1,000 and of 1,000,000 events, and with 10,000 runs beside it.
async function seed(prefix: string, runs: number, events: number): Promise<void> {
  await pool.query(
    `INSERT INTO kernel_runs (run_id, log_id, head)
     SELECT '${prefix}' || n, 'l', ${events} FROM generate_series(1, ${runs}) n`,
  );
  // Or each row of the next statement is looked up in the table by a plan for one that is almost empty.
  await pool.query('ANALYZE kernel_runs');
  await pool.query(
    `INSERT INTO kernel_events (run_id, seq, event_json, version)
     SELECT '${prefix}' || n, seq, '${JSON.stringify(eventsOf(1)[0])}', 1
     FROM generate_series(1, ${runs}) n, generate_series(1, ${events}) seq`,
  );
}
const store = new PostgresEventStore<Event>(pool);
const [event] = eventsOf(1);
if (!event) throw new Error('There is no event.');
interface Cost {
  readonly append: number[];
  readonly head: number[];
  readonly page: number[];
}
async function costs(runs: readonly string[], cost: Cost): Promise<void> {
  for (const run of runs) {
    const { seq: expectedHead, logId } = await store.head(run);
    cost.append.push(await seconds(() => store.append(run, [event as Event], { expectedHead, logId })));
    cost.head.push(await seconds(() => store.head(run)));
    cost.page.push(await seconds(() => store.scan(run, Math.max(expectedHead - 99, 1))));
  }
}
const scenes: { what: string; runs: string[]; cost: Cost }[] = [];
const scene = (what: string, runs: string[]) =>
  scenes.push({ what, runs, cost: { append: [], head: [], page: [] } });
await seed('thousand ', 1, 1_000);
await seed('million ', 1, 1_000_000);
await seed('many ', 10_000, 100);
await pool.query('VACUUM ANALYZE');
scene('a log of 1,000 events', ['thousand 1']);
scene('a log of 1,000,000 events', ['million 1']);
scene('each of 10,000 runs of 100 events, one after the other', []);
const many = Array.from({ length: 10_000 }, (_, n) => `many ${((n * 7_919) % 10_000) + 1}`);
for (let round = 0; round < 100; round++)
  for (const { runs, cost } of rotated(scenes, round)) {
    const some = runs.length > 0 ? [...runs, ...runs, ...runs] : many.slice(round * 3, round * 3 + 3);
    await costs(some, cost);
  }

const milliseconds = (values: readonly number[]) => `${(median(values) * 1_000).toFixed(2)} ms`;
const whole = (value: number) => Math.round(value).toLocaleString('en');
const version = (await pool.query('SHOW server_version')).rows[0].server_version;
const columns = [...workloads.map(({ batch }) => `by ${batch}`), 'scan'];
const rows = subjects.map(({ name }) => {
  const values = columns.map((what) => whole(median(perSecond.get(name)?.get(what) ?? [])));
  return `| ${name} | ${values.join(' | ')} |`;
});
const text = `# rewake/postgres: results

\`npm run bench:postgres\`, ${new Date().toISOString().slice(0, 10)}: PostgreSQL ${version} with its default settings (\`fsync\` and
\`synchronous_commit\` on) on the same machine, pg 8, Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), which other work shared. Medians of
${ROUNDS} rounds, each subject in another place in each round. An event is ${json} bytes of JSON.

## Events per second, one writer, one run

Appended one batch after the other, each fenced with the head that the writer expects (the naive one has no fence), and read
at once (20,000 events).

| | ${columns.map((what) => (what === 'scan' ? 'scan' : `${what.replace('10000', '10,000')}`)).join(' | ')} |
| --- | ${columns.map(() => '---:').join(' | ')} |
${rows.join('\n')}

## ${WRITERS} writers at once

Each with a run and a connection of its own.

| events in an append | appends per second | events per second |
| ---: | ---: | ---: |
${crowd.map(({ batch, appends, events }) => `| ${batch} | ${whole(appends)} | ${whole(events)} |`).join('\n')}

## A snapshot of ${megabytes.toFixed(2)} MB of JSON

Saved in ${milliseconds(saves)}, loaded in ${milliseconds(loads)} (rewake/postgres; serialization included).

## Flat: an append of one event, \`head\`, and a scan of the last 100 events

| in | append | head | scan |
| --- | ---: | ---: | ---: |
${scenes.map(({ what, cost }) => `| ${what} | ${milliseconds(cost.append)} | ${milliseconds(cost.head)} | ${milliseconds(cost.page)} |`).join('\n')}

## Bytes

${sizes.map((size) => `- ${size}`).join('\n')}
`;
const results = fileURLToPath(new URL('results/postgres.md', import.meta.url));
mkdirSync(fileURLToPath(new URL('results', import.meta.url)), { recursive: true });
writeFileSync(results, text);
console.log(text);

// Not the pools before it: they would wait for their clients.
await server.stop();
process.exit(0);
