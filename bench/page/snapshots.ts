import { median, rotated } from '../statistics.ts';
import { probe } from './probe.ts';
import type { Saver } from './savers/saver.ts';
import { stateOf } from './state.ts';

const savers = import.meta.glob<{ open(): Promise<Saver> }>('./savers/*.ts');
const opened = new Map<string, Promise<Saver>>();
/** The guard lets none go back. */
let seq = 0;

function saverOf(subject: string): Promise<Saver> {
  const load = savers[`./savers/${subject}.ts`];
  if (!load) throw new Error(`There is no saver ${subject}.`);
  const saver = opened.get(subject) ?? load().then(({ open }) => open());
  opened.set(subject, saver);
  return saver;
}

/** What a save takes, in ms. */
export interface Saved {
  readonly total: number;
  /** Until the call has returned: so long it keeps the main thread to itself. */
  readonly call: number;
}

/** Saves one after the other. */
export async function saves(subject: string, bytes: number, times: number): Promise<Saved[]> {
  const saver = await saverOf(subject);
  const state = stateOf(bytes);
  const took: Saved[] = [];
  for (let left = times; left > 0; left--) {
    const next = { ...state, revision: ++seq };
    const begin = performance.now();
    const save = saver.save(`${subject} ${bytes}`, seq, next);
    const call = performance.now() - begin;
    await save;
    took.push({ total: performance.now() - begin, call });
  }
  return took;
}

/** Saves one after the other; how long the main thread was kept busy at most, in ms. */
export async function longestBlock(subject: string, bytes: number, times: number): Promise<number> {
  const stop = await probe();
  await saves(subject, bytes, times);
  return (await stop()).longest;
}

/**
 * Each of the subjects saves once, then each once more, and so on, and then they load so, always in another order:
 * whatever else the machine does meanwhile, it does to all. The medians in ms, in the order of the subjects.
 */
export async function inTurns(subjects: readonly string[], bytes: number, times: number) {
  const all: { subject: string; saver: Saver; took: Saved[]; loads: number[] }[] = [];
  for (const subject of subjects) all.push({ subject, saver: await saverOf(subject), took: [], loads: [] });
  for (let turn = 0; turn < times; turn++) {
    for (const { subject, took } of rotated(all, turn)) took.push(...(await saves(subject, bytes, 1)));
  }
  for (let turn = 0; turn < times; turn++) {
    for (const { subject, saver, loads } of rotated(all, turn)) {
      const begin = performance.now();
      await saver.load(`${subject} ${bytes}`);
      loads.push(performance.now() - begin);
    }
  }
  return all.map(({ took, loads }) => ({
    save: median(took.map(({ total }) => total)),
    call: median(took.map(({ call }) => call)),
    load: median(loads),
  }));
}

/** Saves at once, of one run or of as many runs as saves. */
export async function burst(subject: string, bytes: number, saves: number, runs: number) {
  const saver = await saverOf(subject);
  const state = stateOf(bytes);
  const stop = await probe();
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: saves }, (_, index) =>
      saver.save(`burst ${bytes} ${index % runs}`, ++seq, { ...state, revision: seq }),
    ),
  );
  const total = performance.now() - begin;
  return { total, ...(await stop()) };
}

/** What it takes to clone the state once. */
export function clone(bytes: number, times: number): number {
  const state = stateOf(bytes);
  return median(
    Array.from({ length: times }, () => {
      const begin = performance.now();
      structuredClone(state);
      return performance.now() - begin;
    }),
  );
}
