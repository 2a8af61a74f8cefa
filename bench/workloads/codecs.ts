import { additionsTable } from '../additions.ts';
import { type Subject, sessionsOf } from './editing.ts';
import { mirrors } from './mirrors.ts';
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

/** The editing session with each codec, and a run with a mirror, beside the same alone. */
export async function codecs(bench: Bench): Promise<string> {
  await sessionsOf(bench, subjects.filter(bench.among));
  await mirrors(bench);
  return additionsTable(bench.samples.all());
}
