import { openStores } from '../../src/index.ts';
import { appendThroughRun } from './append-through-run.ts';
import { appendThroughStores } from './append-through-stores.ts';
import { copyRun } from './copy-run.ts';
import { fetchPlan, page, tell } from './notes.ts';
import { type FoundRun, type NumberedEvent, type Plan, Random, type State } from './protocol.ts';
import { findRun } from './report.ts';
import { discard, healed, isLost, Work } from './work.ts';

// What lives in a page or its Service Worker until it is killed.

/** A longer log is begun anew, so that a round stays short. */
const LONG_LOG = 4_000;

const DATABASE_NAME = 'kill';

// Of several pages, the first to open the database alone hears of a loss: it tells at once, before another reports.
const { open } = IDBFactory.prototype;
IDBFactory.prototype.open = function (...parameters) {
  const request = open.apply(this, parameters);
  request.addEventListener('upgradeneeded', (event) => {
    if (request.result.name !== DATABASE_NAME) return;
    const [loss, why] = ['dataLoss', 'dataLossMessage'].map((name) => Reflect.get(event, name));
    tell({ type: 'created', loss, why }).catch(() => {});
  });
  return request;
};

/** One round, or as many as the test begins while this lives. */
export async function live(): Promise<void> {
  try {
    for (;;) await liveOneRound(await fetchPlan<Plan>());
  } catch (error) {
    // A page of WebKit that has lost the process that keeps the databases opens none any more: the next page does.
    if (isLost(error) && 'document' in globalThis) return location.replace('?round=now');
    await tell({ type: 'failed', text: describe(error) });
    throw error;
  }
}

async function liveOneRound(plan: Plan): Promise<void> {
  const { round, seed, runIds, jobs, durability } = plan;
  const options = { databaseName: DATABASE_NAME, durability };
  const stores = await openStores<State, NumberedEvent>(options);
  if (stores.backend === 'memory') throw stores.reason;

  const runs: FoundRun[] = [];
  for (const id of runIds) runs.push(await healed(() => findRun(stores, id)));
  await tell({ type: 'report', page, round, runs });
  const random = new Random(seed, round);
  for (const { runId, recovery } of runs) {
    const job = jobs.find((job) => job.runId === runId);
    const anew = job && (job.discard || recovery.seq > LONG_LOG);
    // A deletion that was killed in its middle has left a snapshot without its log.
    if (anew || recovery.ignored) await discard(stores, runId, random.chance(0.5));
  }
  await Promise.all(
    jobs.map((job) => {
      const copy = job.copy && new Work(plan, { ...job, ...job.copy }, stores);
      return doJob(new Work(plan, job, stores), copy);
    }),
  );
}

async function doJob(work: Work, copy?: Work): Promise<void> {
  const { random, job } = work;
  await work.recover();
  while (!work.over) {
    if (job.through === 'stores and run') {
      await random.oneOf(appendThroughStores, appendThroughRun)(work);
      if (copy && work.seq > 0 && random.chance(0.5)) await copyRun(work, copy);
      if (copy && copy.seq > 0 && random.chance(0.1)) await appendThroughStores(copy);
    } else {
      await appendThroughRun(work);
      if (work.seq > LONG_LOG || random.chance(0.1)) await work.discard();
    }
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error}${error.cause ? ` (${describe(error.cause)})` : ''}` : String(error);
