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
  { name: '5 MB', bytes: 5_000_000, times: 18 },
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
const timesOf = ({ quick }: Bench, times: number) => (quick ? Math.ceil(times / 5) : times);

const adder = (samples: Samples, size: string) => (what: string, subject: string, ms: number) =>
  samples.add({ workload, what: `${what} ${size}`, subject, unit: 'ms' }, ms);

/** What one call takes: all in one page, where they take turns call by call. */
async function together(bench: Bench): Promise<void> {
  const subjects = all.filter((name) => bench.among({ name }));
  await inProfile(bench, (profile) =>
    profile.use(async (tab) => {
      for (let round = 0; round <= roundsOf(bench); round++) {
        say(round === 0 ? 'snapshots: warming up' : `snapshots: round ${round} of ${roundsOf(bench)}`);
        const samples = round === 0 ? new Samples() : bench.samples;
        for (const { name, bytes, times } of sizes) {
          const add = adder(samples, name);
          add('structuredClone', 'raw', await tab.call('clone', bytes, times));
          const taken = await tab.call('inTurns', subjects, bytes, timesOf(bench, times));
          for (const [index, { save, call, load }] of taken.entries()) {
            const subject = subjects[index] ?? '';
            add('save', subject, save);
            add('save, the call alone', subject, call);
            add('load', subject, load);
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
  bench: Bench,
  tab: Tab,
  subject: string,
  { name, bytes, times }: (typeof sizes)[number],
): Promise<void> {
  const add = adder(bench.samples, name);
  const blocked = await tab.call('longestBlock', subject, bytes, timesOf(bench, times));
  add('save, longest block', subject, blocked);
  const burst = async (what: string, runs: number) => {
    const { total, longest, sum } = await tab.call('burst', subject, bytes, BURST, runs);
    add(what, subject, total);
    add(`${what}, longest block`, subject, longest);
    add(`${what}, blocked`, subject, sum);
  };
  if (bytes <= LARGEST_BURST) await burst('burst', 1);
  if (bytes <= LARGEST_BURST_OF_RUNS) await burst('burst of runs', BURST);
}
