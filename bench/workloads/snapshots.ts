import { Profile, type Tab } from '../profile.ts';
import { Samples } from '../samples.ts';
import { rotated } from '../statistics.ts';
import { type Bench, inProfile, say } from './workload.ts';

const workload = 'snapshots';
const all = ['raw', 'rewake', 'rewake-immutable', 'idb-keyval', 'dexie', 'localforage'];

/** States of so many bytes, each saved and loaded so often in a round. */
const sizes = [
  { name: '1 kB', bytes: 1_000, times: 300 },
  { name: '100 kB', bytes: 100_000, times: 60 },
  { name: '1 MB', bytes: 1_000_000, times: 20 },
  { name: '5 MB', bytes: 5_000_000, times: 5 },
];
const BURST = 200;
/** More would be gigabytes on their way. */
const LARGEST_BURST = 1_000_000;
const LARGEST_BURST_OF_RUNS = 100_000;
/** A round takes a few seconds, and there is no browser to start: more of them than elsewhere. */
const ROUNDS = 3;

export async function snapshots(bench: Bench): Promise<void> {
  await together(bench);
  await apart(bench);
}

const roundsOf = ({ rounds, quick }: Bench) => rounds * (quick ? 1 : ROUNDS);

/** What one call takes: all in one page, where they take turns call by call. */
async function together(bench: Bench): Promise<void> {
  const subjects = all.filter((name) => bench.among({ name }));
  await inProfile(bench, (profile) =>
    profile.use(async (tab) => {
      for (let round = 0; round <= roundsOf(bench); round++) {
        say(round === 0 ? 'snapshots: warming up' : `snapshots: round ${round} of ${roundsOf(bench)}`);
        const samples = round === 0 ? new Samples() : bench.samples;
        for (const { name, bytes, times } of sizes) {
          const clone = await tab.call('clone', bytes, times);
          samples.add({ workload, what: `structuredClone ${name}`, subject: 'raw', unit: 'ms' }, clone);
          const taken = await tab.call(
            'inTurns',
            subjects,
            bytes,
            bench.quick ? Math.ceil(times / 5) : times,
          );
          for (const [index, { save, call, load }] of taken.entries()) {
            const subject = subjects[index] ?? '';
            samples.add({ workload, what: `save ${name}`, subject, unit: 'ms' }, save);
            samples.add({ workload, what: `save, the call alone ${name}`, subject, unit: 'ms' }, call);
            samples.add({ workload, what: `load ${name}`, subject, unit: 'ms' }, load);
          }
        }
      }
    }),
  );
}

/** What many calls take, and what they block: each in a browser of its own, in which nobody else leaves anything behind. */
async function apart(bench: Bench): Promise<void> {
  const opened: { subject: string; profile: Profile; tab: Tab }[] = [];
  try {
    for (const subject of all.filter((name) => bench.among({ name }))) {
      const profile = new Profile(bench.browser, bench.url);
      opened.push({ subject, profile, tab: await profile.open() });
    }
    for (let round = 0; round <= roundsOf(bench); round++) {
      say(round === 0 ? 'bursts: warming up' : `bursts: round ${round} of ${roundsOf(bench)}`);
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
  const blocked = await tab.call('longestBlock', subject, bytes, quick ? Math.ceil(times / 5) : times);
  add('save, longest block', blocked);
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
