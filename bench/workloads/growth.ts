import type { Profile } from '../profile.ts';
import { median } from '../statistics.ts';
import { type Bench, inProfile, say } from './workload.ts';

const workload = 'growth';
const subject = 'rewake-store';
const RECOVERIES = 5;

/** A log and a number of runs that grow: appends and recoveries have to take the same time all along. */
export async function growth(bench: Bench): Promise<void> {
  const { quick, rounds, samples } = bench;
  const lengths = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
  const counts = quick ? [10, 100] : [10, 1_000, 10_000];
  const replayed = quick ? 1_000 : 100_000;
  const add = (what: string, ms: number) => samples.add({ workload, what, subject, unit: 'ms' }, ms);
  const addRecovery = async (profile: Profile, where: string, runId?: string) => {
    const written = await recoverCold(profile, runId);
    add(`recovery ${where}, right after it was written`, written.total);
    add(`opening ${where}, right after it was written`, written.opening);
    await beginLog(profile);
    const { total, opening } = await recoverCold(profile, runId);
    add(`recovery ${where}`, total);
    add(`opening ${where}`, opening);
  };

  for (let round = 1; round <= rounds; round++) {
    say(`growth: round ${round} of ${rounds}, events`);
    await inProfile(bench, async (profile) => {
      for (const length of lengths) {
        await profile.use((tab) => tab.call('grow', length));
        // In a browser that has just been started: nothing is left to be compacted.
        const took = await profile.use((tab) => tab.call('timeAppends'));
        add(`append at ${count(length)} events`, took);
        await addRecovery(profile, `at ${count(length)} events`);
      }
    });
    say(`growth: round ${round} of ${rounds}, runs`);
    await inProfile(bench, async (profile) => {
      let before = 0;
      for (const runs of counts) {
        await profile.use((tab) => tab.call('growRuns', before, runs));
        const took = await profile.use((tab) => tab.call('timeAppends', 'run 0'));
        add(`append among ${count(runs)} runs`, took);
        before = runs;
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

/**
 * What Chromium's LevelDB has written last is in a log, 4 MB at most for a whole site, which it reads whenever it opens,
 * however large or small the database is. So that growth alone is measured, it is made to begin a new one, and to
 * sort the old one into its tables.
 */
async function beginLog(profile: Profile): Promise<void> {
  await profile.use(async (tab) => {
    let before: number;
    do {
      before = profile.logBytes();
      await tab.call('writeElsewhere');
    } while (profile.logBytes() > before);
  });
}

/** The medians of several recoveries, each in a browser that has just been started. */
async function recoverCold(profile: Profile, runId?: string): Promise<{ total: number; opening: number }> {
  const recoveries: { total: number; opening: number }[] = [];
  for (let left = RECOVERIES; left > 0; left--) {
    recoveries.push(await profile.use((tab) => tab.call('recoverRun', runId)));
  }
  return {
    total: median(recoveries.map(({ total }) => total)),
    opening: median(recoveries.map(({ opening }) => opening)),
  };
}

const count = (number: number) => number.toLocaleString('en');
