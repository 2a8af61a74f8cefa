import { contentOf, edit, emptyText } from '../page/text.ts';
import type { Profile } from '../profile.ts';
import { Samples } from '../samples.ts';
import { median, rotated } from '../statistics.ts';
import { type Bench, beginLog, inProfile, say } from './workload.ts';

const workload = 'editing';
/** Cold recoveries of one log: each needs a browser that has just been started. */
const RECOVERIES = 3;

export interface Subject {
  readonly name: string;
  /** The part of the session that it does keystroke by keystroke; none where it cannot. */
  readonly typed?: number;
  /** Whether it can recover without a snapshot, and with one. */
  readonly recovers: readonly boolean[];
}

// Neighbours are what is compared most closely.
const all: readonly Subject[] = [
  { name: 'rewake-run-strict', typed: 1, recovers: [true] },
  { name: 'rewake-run', typed: 1, recovers: [true] },
  { name: 'rewake-store', typed: 1, recovers: [false, true] },
  { name: 'raw-batches', typed: 1, recovers: [false, true] },
  { name: 'raw-batches-commit', recovers: [] },
  { name: 'raw-rows', typed: 0.05, recovers: [false, true] },
  { name: 'dexie', typed: 0.05, recovers: [false, true] },
  { name: 'y-indexeddb', typed: 0.05, recovers: [true] },
  { name: 'idb-keyval', recovers: [true] },
  { name: 'localforage', recovers: [true] },
  { name: 'xstate-store', recovers: [true] },
];

/** An editing session: appended in groups, and keystroke by keystroke; then recovered by a browser just started. */
export const editing = (bench: Bench): Promise<void> => sessionsOf(bench, all.filter(bench.among));

export async function sessionsOf(bench: Bench, subjects: readonly Subject[]): Promise<void> {
  say('editing: warming up');
  const small = { ...bench, samples: new Samples(), quick: true };
  for (const subject of subjects) await grouped(small, subject, 0.02);
  for (let round = 1; round <= bench.rounds; round++) {
    for (const subject of rotated(subjects, round)) {
      say(`editing: round ${round} of ${bench.rounds}, ${subject.name}`);
      await grouped(bench, subject, 1);
    }
    for (const subject of rotated(subjects, round)) {
      if (subject.typed === undefined) continue;
      say(`editing, typed: round ${round} of ${bench.rounds}, ${subject.name}`);
      await typed(bench, subject.name, subject.typed);
    }
  }
}

async function grouped(bench: Bench, { name, recovers }: Subject, part: number): Promise<void> {
  const end = contentAfter(bench, part);
  await inProfile(bench, async (profile) => {
    const add = sampler(bench, name);
    await profile.use(async (tab) => {
      const fold = await tab.call('foldOnly', part);
      const { total, longest, sum } = await tab.call('write', name, 'grouped', part);
      add('fold', 'ms', fold.total);
      add('grouped, total', 'ms', total);
      add('grouped, longest block', 'ms', longest);
      add('grouped, blocked', 'ms', sum);
      if (recovers.includes(false)) await tab.call('snapshot', name, part);
    });
    for (const withSnapshot of recovers) {
      const took = await recoverCold(profile, name, withSnapshot, {
        times: bench.quick ? 1 : RECOVERIES,
        end,
      });
      add(`recovery ${withSnapshot ? 'with' : 'without'} snapshot`, 'ms', took);
    }
    if (recovers.length === 0) return;
    // Once it was opened again, a database has deleted the files that it had merged into others.
    add('bytes on disk', 'bytes', profile.bytes());
    if (bench.browser !== 'chromium') return;
    await beginLog(profile);
    await profile.use((tab) => tab.call('recover', name, true));
    add('bytes on disk, without the log', 'bytes', profile.bytes() - profile.logBytes());
  });
}

async function recoverCold(
  profile: Profile,
  name: string,
  withSnapshot: boolean,
  { times, end }: { times: number; end: string },
): Promise<number> {
  const took: number[] = [];
  for (let left = times; left > 0; left--) {
    const { total, content } = await profile.use((tab) => tab.call('recover', name, withSnapshot));
    if (content !== end) throw new Error(`${name} has not recovered what was written.`);
    took.push(total);
  }
  return median(took);
}

async function typed(bench: Bench, name: string, part: number): Promise<void> {
  const end = contentAfter(bench, part);
  await inProfile(bench, async (profile) => {
    const { total, longest, sum } = await profile.use((tab) => tab.call('write', name, 'typed', part));
    const { content } = await profile.use((tab) => tab.call('recover', name, true));
    if (content !== end) throw new Error(`${name} has not recovered what was typed.`);
    const add = sampler(bench, name, part);
    add('typed, total', 'ms', total / part);
    add('typed, longest block', 'ms', longest);
    add('typed, blocked', 'ms', sum / part);
  });
}

function sampler({ samples }: Bench, subject: string, part = 1) {
  return (what: string, unit: 'ms' | 'bytes', value: number) =>
    samples.add({ workload, what, subject, unit, ...(part < 1 && { part }) }, value);
}

/** What the text has to be after the first `part` of the session. */
function contentAfter({ trace }: Bench, part: number): string {
  if (part === 1) return trace.endContent;
  const all = trace.txns.flatMap(({ patches }) => patches);
  if (trace.startContent !== '') all.unshift([0, 0, trace.startContent]);
  let text = emptyText;
  for (const [at, del, ins] of all.slice(0, Math.ceil(all.length * part))) {
    text = edit(text, { type: 'edit', at, del, ins });
  }
  return contentOf(text);
}
