import { setTimeout } from 'node:timers/promises';
import type { Profile, Tab } from '../profile.ts';
import { median } from '../statistics.ts';
import { type Bench, beginLog, inProfile, say } from './workload.ts';

const workload = 'growth';
const subject = 'rewake-store';
/** So many browsers are started for each time that is taken. */
const STARTS = 5;
const APPENDS = 100;

/** A log and a number of runs that grow: appends and recoveries have to take the same time all along. */
export async function growth(bench: Bench): Promise<void> {
  const { quick, rounds, samples } = bench;
  const lengths = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
  const counts = quick ? [10, 100] : [10, 1_000, 10_000];
  const replayed = quick ? 1_000 : 100_000;
  const add = (what: string, ms: number, by = subject) =>
    samples.add({ workload, what, subject: by, unit: 'ms' }, ms);
  const addAppends = async (profile: Profile, where: string, runId?: string) => {
    const took = await eachStart(profile, (tab) => tab.call('timeAppends', APPENDS, runId));
    add(`append ${where}`, median(took.map(({ rewake }) => rewake)));
    add(`append ${where}`, median(took.map(({ raw }) => raw)), 'a bare put');
  };
  const addRecovery = async (profile: Profile, where: string, runId?: string) => {
    const written = await recoverCold(profile, runId);
    add(`recovery ${where}, right after it was written`, written.total);
    add(`opening ${where}, right after it was written`, written.opening);
    await beginLog(profile);
    await finishMerging(profile, runId);
    const { total, opening } = await recoverCold(profile, runId);
    add(`recovery ${where}`, total);
    add(`opening ${where}`, opening);
  };

  for (let round = 1; round <= rounds; round++) {
    say(`growth: round ${round} of ${rounds}, events`);
    await inProfile(bench, async (profile) => {
      for (const length of lengths) {
        await profile.use((tab) => tab.call('grow', length - STARTS * APPENDS));
        await addAppends(profile, `at ${count(length)} events`);
        await profile.use((tab) => tab.call('grow', length));
        await addRecovery(profile, `at ${count(length)} events`);
      }
    });
    say(`growth: round ${round} of ${rounds}, runs`);
    await inProfile(bench, async (profile) => {
      let before = 0;
      for (const runs of counts) {
        await profile.use((tab) => tab.call('growRuns', before, runs));
        before = runs;
        await addAppends(profile, `among ${count(runs)} runs`, 'run 0');
        await addRecovery(profile, `among ${count(runs)} runs`, 'run 1');
      }
    });
    say(`growth: round ${round} of ${rounds}, replay`);
    for (const perRecord of [1, 100]) {
      await inProfile(bench, async (profile) => {
        await profile.use((tab) => tab.call('fill', replayed, perRecord));
        const kind = `${count(replayed)} events, ${perRecord} a record`;
        add(`replay of ${kind}`, (await recoverCold(profile)).total);
        samples.add({ workload, what: `bytes of ${kind}`, subject, unit: 'bytes' }, profile.bytes());
      });
    }
  }
}

/** The medians of several recoveries. */
async function recoverCold(profile: Profile, runId?: string): Promise<{ total: number; opening: number }> {
  const recoveries = await eachStart(profile, (tab) => tab.call('recoverRun', runId));
  return {
    total: median(recoveries.map(({ total }) => total)),
    opening: median(recoveries.map(({ opening }) => opening)),
  };
}

/**
 * Lets Chromium's LevelDB merge what it wants to. It begins whenever it is opened, beside everything else and on the same
 * cores, and begins again at the next start where the browser ends before; a recovery would be timed with that each time.
 */
async function finishMerging(profile: Profile, runId?: string): Promise<void> {
  let begun: number;
  do {
    begun = await profile.use(async (tab) => {
      await tab.call('recoverRun', runId);
      while (profile.merges().done < profile.merges().begun) await setTimeout(20);
      return profile.merges().begun;
    });
  } while (begun > 0);
}

/** Does `work` several times, each in a browser that has just been started. */
async function eachStart<T>(profile: Profile, work: (tab: Tab) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  while (done.length < STARTS) done.push(await profile.use(work));
  return done;
}

const count = (number: number) => number.toLocaleString('en');
