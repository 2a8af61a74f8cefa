import {
  InMemoryEventStore,
  InMemorySnapshotStore,
  openRun,
  openStores,
  type RunStores,
  recover,
} from 'rewake';
import { mirrorRun } from 'rewake/hand-over';
import type { Written } from './editing.ts';
import { probe } from './probe.ts';
import { contentOf, type Edit, edit, emptyText, type Text } from './text.ts';
import { turn } from './turn.ts';

/** Where a second copy of the run is, if there is one. */
export type Place = 'memory' | 'a second database';

/** A text of so many characters is there before. */
const LENGTH = 100_000;
/** So many keystrokes come in one turn. */
const TURN = 10;

const definition = { runId: 'mirrored', initialState: emptyText, reduce: edit };

const placed = async (place: Place): Promise<RunStores<unknown, unknown>> =>
  place === 'memory'
    ? { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() }
    : openStores({ databaseName: 'mirror', durability: 'default' });

export interface Mirrored extends Written {
  /** Until the mirror has all of it, too. */
  readonly mirrored: number;
}

/** Edits of a long text, one an append: each awaited, or typed; with a mirror behind the run, or alone. */
export async function appendMirrored(
  way: 'awaited' | 'typed',
  edits: number,
  place?: Place,
): Promise<Mirrored> {
  const stores = await openStores<unknown, unknown>({ durability: 'default' });
  // Nothing else is in this database.
  const run = await openRun<Text, Edit>({ ...definition, stores: stores as RunStores<Text, Edit> });
  await run.append({ type: 'edit', at: 0, del: 0, ins: 'Some text. '.repeat(LENGTH / 11) });
  await run.snapshot();
  const to = place && (await placed(place));
  const mirror = to && mirrorRun({ run, from: stores, to, marks: stores.snapshots });
  await mirror?.flush();
  const stop = await probe();
  const begin = performance.now();
  let last: Promise<number> | undefined;
  for (let count = 1; count <= edits; count++) {
    last = run.append({ type: 'edit', at: (count * 7_919) % LENGTH, del: 1, ins: 'x' });
    if (way === 'awaited') await last;
    else if (count % TURN === 0) await turn();
  }
  await last;
  const total = performance.now() - begin;
  await mirror?.flush();
  const mirrored = performance.now() - begin;
  const blocked = await stop();
  if (to) {
    const { state } = await recover<Text, Edit>({ ...definition, stores: to as RunStores<Text, Edit> });
    if (contentOf(state) !== contentOf(run.state)) throw new Error(`The copy in ${place} is another one.`);
  }
  mirror?.close();
  await run.close();
  return { total, mirrored, ...blocked };
}
