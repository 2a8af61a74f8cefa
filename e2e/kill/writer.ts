import { openStores } from '../../src/index.ts';
import { appendThroughRun } from './append-through-run.ts';
import { appendThroughStores } from './append-through-stores.ts';
import { fetchPlan, page, tell } from './notes.ts';
import { type FoundRun, type NumberedEvent, type Plan, RUN_IDS, type State } from './protocol.ts';
import { findRun } from './report.ts';
import { healed, isLost, Work } from './work.ts';

// What lives in the page or its Service Worker until it is killed.

/** A longer log is begun anew, so that a round stays short. */
const LONG_LOG = 4_000;

/** What the browser says where it finds no database: Chromium, whether it has thrown a damaged one away. */
let begunAnew: string | undefined;
const { open } = IDBFactory.prototype;
IDBFactory.prototype.open = function (...parameters) {
  const request = open.apply(this, parameters);
  request.addEventListener('upgradeneeded', (event) => {
    const [loss, why] = ['dataLoss', 'dataLossMessage'].map((name) => Reflect.get(event, name));
    begunAnew = `data loss: ${loss} ${why}`;
  });
  return request;
};

/** One round, or as many as the test begins while this lives. */
export async function live(): Promise<void> {
  try {
    for (;;) await liveOneRound(await fetchPlan());
  } catch (error) {
    // A page of WebKit that has lost the process that keeps the databases opens none any more: the next page does.
    if (isLost(error) && 'document' in globalThis) return location.replace('?round=now');
    await tell({ type: 'failed', text: describe(error) });
    throw error;
  }
}

async function liveOneRound(plan: Plan): Promise<void> {
  const { round, runId, discard, durability } = plan;
  const work = new Work(
    plan,
    await openStores<State, NumberedEvent>({ databaseName: 'kill', durability, immutable: round % 2 === 0 }),
  );
  if (work.stores.backend === 'memory') throw work.stores.reason;

  const runs: FoundRun[] = [];
  for (const id of RUN_IDS) runs.push(await healed(() => findRun(work.stores, id)));
  await work.tell({ type: 'report', page, round, runs, ...(begunAnew && { begunAnew }) });
  for (const { runId: id, log, recovery } of runs) {
    const long = log.length > LONG_LOG;
    // A deletion that was killed in its middle has left a snapshot without its log.
    if (recovery.ignored || (id === runId && (discard || long))) await work.discard(id);
  }

  await work.recover();
  while (!work.over) await work.random.oneOf(appendThroughStores, appendThroughRun)(work);
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error}${error.cause ? ` (${describe(error.cause)})` : ''}` : String(error);
