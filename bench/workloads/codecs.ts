import { codecTable } from '../codec-table.ts';
import { type Subject, sessionsOf } from './editing.ts';
import type { Bench } from './workload.ts';

const subjects: readonly Subject[] = [
  { name: 'rewake-store', typed: 1, recovers: [false, true] },
  { name: 'rewake-run', typed: 1, recovers: [true] },
].flatMap((bare) =>
  ['', ' with compress()', ' with encrypt(key)', ' with pipe(compress(), encrypt(key))'].map((codec) => ({
    ...bare,
    name: `${bare.name}${codec}`,
  })),
);

/** The editing session with each codec, beside the same without one. */
export async function codecs(bench: Bench): Promise<string> {
  await sessionsOf(bench, subjects.filter(bench.among));
  return codecTable(bench.samples.all());
}
