import { Profile, type Tab } from '../profile.ts';
import { Samples } from '../samples.ts';
import { type Bench, rotated, say } from './workload.ts';

const workload = 'snapshots';
const all = ['raw', 'rewake', 'rewake-immutable', 'idb-keyval', 'dexie', 'localforage'];

/** States of so many bytes, each saved and loaded so often in a round. */
const sizes = [
  { name: '1 kB', bytes: 1_000, times: 300 },
  { name: '100 kB', bytes: 100_000, times: 30 },
  { name: '1 MB', bytes: 1_000_000, times: 10 },
  { name: '5 MB', bytes: 5_000_000, times: 5 },
];
const BURST = 200;
/** More would be gigabytes on their way. */
const LARGEST_BURST = 1_000_000;
const LARGEST_BURST_OF_RUNS = 100_000;
/** A round takes a few seconds, and there is no browser to start: more of them than elsewhere. */
const ROUNDS = 3;

/** Every subject has a browser of its own all the time, and they take turns, size by size. */
export async function snapshots(bench: Bench): Promise<void> {
  const opened: { subject: string; profile: Profile; tab: Tab }[] = [];
  try {
    for (const subject of all.filter((name) => bench.among({ name }))) {
      const profile = new Profile(bench.browser, bench.url);
      opened.push({ subject, profile, tab: await profile.open() });
    }
    const rounds = bench.rounds * (bench.quick ? 1 : ROUNDS);
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? 'snapshots: warming up' : `snapshots: round ${round} of ${rounds}`);
      const samples = round === 0 ? new Samples() : bench.samples;
      for (const size of sizes) {
        for (const { subject, tab } of rotated(opened, round)) {
          await measure({ ...bench, samples }, tab, subject, size);
        }
      }
    }
  } finally {
    for (const { profile, tab } of opened) {
      await tab.close();
      profile.remove();
    }
  }
}

async function measure(
  { samples, quick }: Bench,
  tab: Tab,
  subject: string,
  { name, bytes, times }: (typeof sizes)[number],
): Promise<void> {
  const add = (what: string, value: number) =>
    samples.add({ workload, what: `${what} ${name}`, subject, unit: 'ms' }, value);
  add('structuredClone', await tab.call('clone', bytes, times));
  const awaited = await tab.call('awaited', subject, bytes, quick ? Math.ceil(times / 5) : times);
  add('save', awaited.save);
  add('save, the call alone', awaited.call);
  add('save, longest block', awaited.longest);
  add('load', awaited.load);
  if (bytes <= LARGEST_BURST) {
    const { total, longest, sum } = await tab.call('burst', subject, bytes, BURST, 1);
    add('burst', total);
    add('burst, longest block', longest);
    add('burst, blocked', sum);
  }
  if (bytes <= LARGEST_BURST_OF_RUNS) {
    const { total, longest, sum } = await tab.call('burst', subject, bytes, BURST, BURST);
    add('burst of runs', total);
    add('burst of runs, longest block', longest);
    add('burst of runs, blocked', sum);
  }
}
