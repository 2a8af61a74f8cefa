import { median } from '../statistics.ts';
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
    const save = saver.save(`awaited ${bytes}`, seq, next);
    const call = performance.now() - begin;
    await save;
    took.push({ total: performance.now() - begin, call });
  }
  return took;
}

/** Saves and then loads, one after the other; the medians in ms, and the longest block of the main thread. */
export async function awaited(subject: string, bytes: number, times: number) {
  const saver = await saverOf(subject);
  const stop = await probe();
  const took = await saves(subject, bytes, times);
  const { longest } = await stop();
  const loads: number[] = [];
  for (let left = times; left > 0; left--) {
    const begin = performance.now();
    await saver.load(`awaited ${bytes}`);
    loads.push(performance.now() - begin);
  }
  const save = median(took.map(({ total }) => total));
  const call = median(took.map(({ call }) => call));
  return { save, call, load: median(loads), longest };
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
