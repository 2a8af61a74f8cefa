import { expect, test } from '@playwright/test';
import { runSeries } from './series.ts';
import { type Kind, kinds, workflowKinds } from './victims.ts';
import type { Told } from './workload.ts';

/** As many as fit into some seconds: a part of a browser starts faster than a whole one. */
const ROUNDS = { browser: 4, crowd: 4, renderer: 8, 'service-worker': 8, network: 8 };

/** A short series of kills; `npm run test:kill` runs long ones. */
export async function expectNothingLost(browser: string, what: Kind['what']): Promise<void> {
  const tally = await tallyOf(kinds, browser, what);
  expect(tally.acknowledged).toBeGreaterThan(0);
  expect(tally.recoveries).toBeGreaterThan(0);
}

/** The same with workflows: what is recorded is never executed again. */
export async function expectNothingRepeated(browser: string, what: Kind['what']): Promise<void> {
  const tally = await tallyOf(workflowKinds, browser, what);
  expect(tally.recorded).toBeGreaterThan(0);
  expect(tally.workflows).toBeGreaterThan(0);
}

async function tallyOf<N extends Told, T extends { readonly kills: number }>(
  kinds: readonly Kind<N, T>[],
  browser: string,
  what: Kind['what'],
): Promise<T> {
  // Long enough for a machine that does other things too.
  test.setTimeout(180_000);
  const kind = kinds.find((kind) => kind.browser === browser && kind.what === what);
  if (!kind) throw new Error(`Nothing kills the ${what} of ${browser}.`);
  const rounds = ROUNDS[what];
  // Another seed each time: what it finds is told with it.
  const { tally, account = '' } = await runSeries(kind, { rounds, seed: Date.now() % 1_000_000 });
  expect(account).toBe('');
  expect(tally.kills).toBe(rounds);
  return tally;
}
