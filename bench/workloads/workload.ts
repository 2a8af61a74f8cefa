import type { BrowserName } from '../../e2e/browsers.js';
import { Profile } from '../profile.ts';
import type { Samples } from '../samples.ts';
import type { Trace } from '../trace.ts';

/** What a workload needs to know. */
export interface Bench {
  readonly browser: BrowserName;
  readonly url: string;
  readonly trace: Trace;
  readonly samples: Samples;
  readonly rounds: number;
  /** Small sizes, to try it out. */
  readonly quick: boolean;
  /** Whether a subject is to be measured. */
  readonly among: (subject: { readonly name: string }) => boolean;
}

/** Calls `work` with a fresh profile, and removes it. */
export async function inProfile<T>(
  { browser, url }: Pick<Bench, 'browser' | 'url'>,
  work: (profile: Profile) => Promise<T>,
): Promise<T> {
  const profile = new Profile(browser, url);
  try {
    return await work(profile);
  } finally {
    profile.remove();
  }
}

/**
 * What Chromium's LevelDB has written last is in a log, 4 MB at most for a whole site, which it reads whenever it opens and
 * does not compress, however large or small the database is. So that this does not depend on how full the log happens
 * to be, LevelDB is made to begin a new one, and to sort the old one into its tables.
 */
export async function beginLog(profile: Profile): Promise<void> {
  await profile.use(async (tab) => {
    let before: number;
    do {
      before = profile.logBytes();
      await tab.call('writeElsewhere');
    } while (profile.logBytes() > before);
  });
}

export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
