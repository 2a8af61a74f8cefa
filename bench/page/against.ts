import { rotated } from '../statistics.ts';
import {
  type EitherStores,
  fence,
  type Head,
  immutable,
  type Library,
  runOf,
  seqOf,
  snapshotOf,
} from './either.ts';
import { stateOf } from './state.ts';
import { type Edit, edit, emptyText, type Text } from './text.ts';
import { turn } from './turn.ts';

/** The sources of today, and those of the commit that they are measured against. */
const sides = ['current', 'against'] as const;
export type Side = (typeof sides)[number];

interface Prepared {
  /** What is timed. */
  once(): Promise<unknown>;
  close?(): Promise<unknown>;
}

interface Opened {
  readonly library: Library;
  readonly stores: EitherStores;
}

const BURST = 1_000;
const LOG = { runId: 'recovered', length: 20_000, tail: 500 };
/** A text of 100 kB, in stretches of so many edits. */
const EDITED = { bytes: 100_000, awaited: 150, typed: 1_000 };

const event = (number: number) => ({ type: 'counted', by: 1, note: `The event ${number}` });
const events = (count: number) => Array.from({ length: count }, (_, index) => event(index));
const count = { reduce: (sum: number) => sum + 1, initialState: 0 };

const libraryOf = async (side: Side): Promise<Library> => {
  const library: unknown = side === 'current' ? await import('rewake') : await import('rewake-against');
  return library as Library;
};

async function open(side: Side, options: object = { durability: 'default' }): Promise<Opened> {
  const library = await libraryOf(side);
  const stores = await library.openStores({ databaseName: `bench ${side}`, immutable: true, ...options });
  if (stores.backend !== 'indexeddb') throw new Error(`${side} has no IndexedDB.`);
  return { library, stores };
}

/** Batches of so many events, each after the one before. */
async function appending({ stores }: Opened, perBatch: number): Promise<Prepared> {
  const runId = crypto.randomUUID();
  const batch = events(perBatch);
  let head: Head = await stores.events.head(runId);
  return {
    async once() {
      head = await stores.events.append(runId, batch, fence(head));
    },
  };
}

async function saving({ stores }: Opened, bytes: number): Promise<Prepared> {
  const runId = crypto.randomUUID();
  const head = await stores.events.append(runId, [event(1)]);
  const state = stateOf(bytes);
  let revision = 0;
  return {
    once() {
      revision++;
      return stores.snapshots.save(snapshotOf(runId, head, revision, { ...state, revision }), immutable);
    },
  };
}

async function recovering(opened: Opened, withSnapshot: boolean): Promise<Prepared> {
  await fillLog(opened);
  return { once: () => recoverLog(opened, withSnapshot) };
}

async function fillLog({ stores }: Opened): Promise<void> {
  const { runId, length, tail } = LOG;
  let head = await stores.events.head(runId);
  if (seqOf(head) === length) return;
  while (seqOf(head) < length) head = await stores.events.append(runId, events(100), fence(head));
  await stores.snapshots.save(snapshotOf(runId, head, length - tail, length - tail));
}

async function recoverLog({ library, stores }: Opened, withSnapshot: boolean): Promise<void> {
  const none = Object.create(stores.snapshots, { loadLatest: { value: async () => undefined } });
  const used: EitherStores = withSnapshot ? stores : Object.create(stores, { snapshots: { value: none } });
  const { state, seq } = await library.recover(runOf(LOG.runId, used, count));
  if (seq !== LOG.length || state !== LOG.length) throw new Error(`It has recovered ${state} of ${seq}.`);
}

/** A run that keeps a text and saves it every hundred edits; `type` says how each stretch of edits is appended. */
async function editing(
  { library, stores }: Opened,
  type: (append: () => Promise<unknown>) => Promise<unknown>,
): Promise<Prepared> {
  const definition = { reduce: (text: Text, one: Edit) => edit(text, one), initialState: emptyText };
  const run = await library.openRun(
    runOf(crypto.randomUUID(), stores, { ...definition, snapshotEvery: 100 }),
  );
  await run.append({ type: 'edit', at: 0, del: 0, ins: 'Some text. '.repeat(EDITED.bytes / 11) });
  let edits = 0;
  const append = () => run.append({ type: 'edit', at: (++edits * 7_919) % EDITED.bytes, del: 1, ins: 'x' });
  return {
    async once() {
      await type(append);
      // What is still being saved would disturb the other side's turn.
      await run.snapshot();
    },
    close: () => run.close(),
  };
}

const works = {
  'append 1 event': async (side) => appending(await open(side), 1),
  'append 1 event (strict)': async (side) => appending(await open(side, { durability: 'strict' }), 1),
  'append 100 events': async (side) => appending(await open(side), 100),
  'burst through the stores': async (side) => {
    const { stores } = await open(side);
    const runId = crypto.randomUUID();
    const appends = events(BURST);
    return { once: () => Promise.all(appends.map((one) => stores.events.append(runId, [one], immutable))) };
  },
  'burst through openRun': async (side) => {
    const { library, stores } = await open(side);
    const definition = { ...count, snapshotEvery: 1e9 };
    const run = await library.openRun(runOf(crypto.randomUUID(), stores, definition));
    const appends = events(BURST);
    return {
      once: () => Promise.all(appends.map((one) => run.append(one))),
      close: () => run.close(),
    };
  },
  'save 1 kB': async (side) => saving(await open(side), 1_000),
  'save 100 kB': async (side) => saving(await open(side), 100_000),
  'recovery with snapshot': async (side) => recovering(await open(side), true),
  'recovery without snapshot': async (side) => recovering(await open(side), false),
  'edits awaited': async (side) =>
    editing(await open(side), async (append) => {
      for (let left = EDITED.awaited; left > 0; left--) await append();
    }),
  'edits typed': async (side) =>
    editing(await open(side), async (append) => {
      let last: Promise<unknown> | undefined;
      for (let left = EDITED.typed; left > 0; left--) {
        last = append();
        if (left % 10 === 0) await turn();
      }
      await last;
    }),
} satisfies { readonly [what: string]: (side: Side) => Promise<Prepared> };

export type Work = keyof typeof works;

/** What each turn took, in ms, by side. */
export type Turns = { readonly [side in Side]: readonly number[] };

/**
 * Each side does the work once, then each once more, and so on, always in another order; in another round another side
 * comes first. As many turns again as a quarter of them come before, to warm up.
 */
export async function takeTurns(what: Work, turns: number, round: number): Promise<Turns> {
  const took = { current: [] as number[], against: [] as number[] };
  const all: { side: Side; prepared: Prepared }[] = [];
  for (const side of rotated(sides, round)) all.push({ side, prepared: await works[what](side) });
  for (let turn = -Math.ceil(turns / 4); turn < turns; turn++) {
    for (const { side, prepared } of rotated(all, Math.abs(turn))) {
      const begin = performance.now();
      await prepared.once();
      if (turn >= 0) took[side].push(performance.now() - begin);
    }
  }
  for (const { prepared } of all) await prepared.close?.();
  return took;
}

/** Fills the log that is recovered. */
export async function fillLogs(): Promise<void> {
  for (const side of sides) await fillLog(await open(side));
}

/** Opens the database and recovers the log that was filled before, on a page that has done nothing yet; in ms. */
export async function openAndRecover(side: Side): Promise<number> {
  await libraryOf(side);
  const begin = performance.now();
  await recoverLog(await open(side), true);
  return performance.now() - begin;
}
