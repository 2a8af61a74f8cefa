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

export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
