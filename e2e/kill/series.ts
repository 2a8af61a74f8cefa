import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { accountOf } from './account.ts';
import { type Plan, Random, RUN_IDS } from './protocol.ts';
import { serveWriter } from './server.ts';
import type { Tally } from './tally.ts';
import type { Kind } from './victims.ts';
import { Witness } from './witness.ts';

/** A browser that tells nothing for so long is not going to. */
const PATIENCE_MS = 60_000;

export interface Outcome {
  readonly tally: Tally;
  readonly seconds: number;
  readonly violations: readonly string[];
  /** Where there is a violation: everything that is needed to repeat and to understand it. */
  readonly account?: string;
}

/** When the kill comes: so long after the page has told something for so many times. */
export interface Moment {
  readonly signal: 'start' | 'appended';
  readonly times: number;
  readonly milliseconds: number;
}

interface SeriesOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly onRound?: (round: number) => unknown;
}

/** Round after round on one profile: start, report, append, be killed. It ends at the first violation. */
export async function runSeries(kind: Kind, { rounds, seed, onRound }: SeriesOptions): Promise<Outcome> {
  const begun = Date.now();
  const witness = new Witness(kind.mayLive ?? false);
  const signals = new EventEmitter();
  let plan = planOf(seed, 1);
  let moment: Moment | undefined;
  let over = false;
  const server = await serveWriter({
    plan: () => plan,
    onStart: () => signals.emit('start'),
    onNote(note) {
      // What the page does between the last report and its end is not checked any more.
      if (over) return;
      witness.hear(note);
      over = witness.violations.length > 0 || (note.type === 'report' && plan.round > rounds);
      signals.emit(witness.violations.length > 0 ? 'violation' : note.type);
    },
  });
  const profile = await mkdtemp(join(tmpdir(), 'rewake-kill-'));
  const victim = kind.open(profile);
  try {
    for (let round = 1; round <= rounds + 1; round++) {
      onRound?.(round);
      plan = planOf(seed, round);
      // After the last kill there is only a report to wait for.
      const next = round > rounds ? undefined : momentOf(seed, round);
      const come = next ? comeTo(next, signals) : nextOf('report', signals);
      await Promise.all([come, victim.start(`${server.url}${kind.path}?round=${round}`)]);
      if (!next) break;
      moment = next;
      await victim.kill();
      witness.killed();
    }
  } catch (error) {
    if (witness.violations.length === 0) witness.violations.push(`stuck: ${error}`);
  } finally {
    await victim.close().catch(() => {});
    await server.close();
    // What was violated may be found in the browser's files.
    if (witness.violations.length === 0) await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
  const { tally, violations, notes } = witness;
  const seconds = Math.round((Date.now() - begun) / 1_000);
  const account = violations.length > 0 && accountOf({ kind, plan, moment, profile, violations, notes });
  return { tally, seconds, violations, ...(account && { account }) };
}

async function comeTo({ signal, times, milliseconds }: Moment, signals: EventEmitter): Promise<void> {
  for (let left = times; left > 0; left--) await nextOf(signal, signals);
  if (milliseconds > 0) await wait(milliseconds);
}

/** Rejects where a violation comes before, or nothing at all. */
async function nextOf(signal: string, signals: EventEmitter): Promise<void> {
  const ended = new AbortController();
  const violated = once(signals, 'violation', ended).then(() => 'a violation');
  const stuck = wait(PATIENCE_MS, `no ${signal} for ${PATIENCE_MS} ms`, ended);
  try {
    const other = await Promise.race([once(signals, signal, ended).then(() => undefined), violated, stuck]);
    if (other) throw new Error(other);
  } finally {
    for (const promise of [violated, stuck]) promise.catch(() => {});
    ended.abort();
  }
}

function planOf(seed: number, round: number): Plan {
  const random = new Random(seed, round, 1);
  return {
    seed,
    round,
    runId: random.oneOf(...RUN_IDS),
    durability: random.oneOf('strict', 'relaxed'),
    discard: random.chance(0.15),
    heavy: random.chance(0.4),
  };
}

function momentOf(seed: number, round: number): Moment {
  const random = new Random(seed, round, 2);
  return random.oneOf<Moment>(
    // In its recovery.
    { signal: 'start', times: 1, milliseconds: random.integer(0, 150) },
    { signal: 'appended', times: 1, milliseconds: random.integer(20, 800) },
    { signal: 'appended', times: 1, milliseconds: random.integer(20, 800) },
    // At once when something was acknowledged.
    { signal: 'appended', times: random.integer(1, 60), milliseconds: 0 },
    { signal: 'appended', times: random.integer(1, 60), milliseconds: 0 },
  );
}
