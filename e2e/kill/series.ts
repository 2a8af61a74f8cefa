import { EventEmitter, on, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { accountOf } from './account.ts';
import { serveWriter } from './server.ts';
import type { Kind } from './victims.ts';
import type { Moment, Told } from './workload.ts';

/** A browser that tells nothing for so long is not going to. */
const PATIENCE_MS = 60_000;

export interface Outcome<T> {
  readonly tally: T;
  readonly seconds: number;
  readonly violations: readonly string[];
  /** Where there is a violation: everything that is needed to repeat and to understand it. */
  readonly account?: string;
}

interface SeriesOptions {
  /** What else `npm run test:kill` needs to repeat it. */
  readonly options?: string;
  readonly rounds: number;
  readonly seed: number;
  readonly onRound?: (round: number) => unknown;
}

/** Round after round on one profile: start, report, append, be killed. It ends at the first violation. */
export async function runSeries<N extends Told, T>(
  kind: Kind<N, T>,
  { rounds, seed, options = '', onRound }: SeriesOptions,
): Promise<Outcome<T>> {
  const begun = Date.now();
  const signals = new EventEmitter();
  const { workload, paths, mayLive = false } = kind;
  const witness = workload.watch({ seed, mayLive, signal: (name) => signals.emit(name) });
  let round = 1;
  let plans = workload.plansOf(seed, round);
  let moment: Moment | undefined;
  /** After the last kill, there is only the last note of each page to wait for. */
  let lastLeft = paths.length;
  let over = false;
  const server = await serveWriter<N>({
    page: workload.page,
    answer: (path, search) => witness.answer?.(path, search),
    round: () => round,
    plans: () => plans,
    onStart: () => signals.emit('start'),
    onNote(note) {
      // What the pages do between the last report and their end is not checked any more.
      if (over) return;
      witness.hear(note);
      if (note.type === workload.last && round > rounds) lastLeft--;
      over = witness.violations.length > 0 || lastLeft === 0;
      signals.emit(witness.violations.length > 0 ? 'violation' : note.type);
    },
  });
  const profile = await mkdtemp(join(tmpdir(), 'rewake-kill-'));
  const victim = kind.open(profile);
  const urls = () => paths.map((path, page) => `${server.url}${path}?round=${round}&page=${page}`);
  try {
    for (; round <= rounds; round++) {
      onRound?.(round);
      plans = workload.plansOf(seed, round);
      const next = workload.momentOf(seed, round);
      await Promise.all([comeTo(next, signals), victim.start(urls())]);
      moment = next;
      await victim.kill();
      witness.killed();
      if (over) break;
    }
    plans = workload.plansOf(seed, round);
    const last: Moment = { signal: workload.last, times: paths.length, milliseconds: 0 };
    if (!over) await Promise.all([comeTo(last, signals), victim.start(urls())]);
  } catch (error) {
    if (witness.violations.length === 0) witness.violations.push(`stuck: ${error}`);
  } finally {
    await victim.close().catch(() => {});
    await server.close();
    // What was violated may be found in the browser's files.
    if (witness.violations.length === 0) await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
  const { tally, violations, told } = witness;
  const seconds = Math.round((Date.now() - begun) / 1_000);
  const account =
    violations.length > 0 &&
    accountOf({ kind, options, seed, round, plans, moment, profile, violations, told });
  return { tally, seconds, violations, ...(account && { account }) };
}

/** Rejects where a violation comes before, or nothing at all. */
async function comeTo({ signal, times, milliseconds }: Moment, signals: EventEmitter): Promise<void> {
  const ended = new AbortController();
  // Keeps what comes at once: many notes come together.
  const heard = on(signals, signal, ended);
  const violated = once(signals, 'violation', ended).then(() => 'a violation');
  try {
    for (let left = times; left > 0; left--) {
      const patience = new AbortController();
      const stuck = wait(PATIENCE_MS, `no ${signal} for ${PATIENCE_MS} ms`, patience);
      const other = await Promise.race([heard.next().then(() => undefined), violated, stuck]);
      patience.abort();
      if (other) throw new Error(other);
    }
  } finally {
    ended.abort();
  }
  if (milliseconds > 0) await wait(milliseconds);
}
