import { expect, test } from '@playwright/test';
import { runSeries } from './series.ts';
import { type Kind, kinds } from './victims.ts';

/** As many as fit into some seconds: a part of a browser starts faster than a whole one. */
const ROUNDS = { browser: 4, crowd: 4, renderer: 8, 'service-worker': 8, network: 8 };

/** A short series of kills; `npm run test:kill` runs long ones. */
export async function expectNothingLost(browser: string, what: Kind['what']): Promise<void> {
  // Long enough for a machine that does other things too.
  test.setTimeout(180_000);
  const kind = kinds.find((kind) => kind.browser === browser && kind.what === what);
  if (!kind) throw new Error(`Nothing kills the ${what} of ${browser}.`);
  const rounds = ROUNDS[what];
  // Another seed each time: what it finds is told with it.
  const { tally, account = '' } = await runSeries(kind, { rounds, seed: Date.now() % 1_000_000 });
  expect(account).toBe('');
  expect(tally.kills).toBe(rounds);
  expect(tally.acknowledged).toBeGreaterThan(0);
  expect(tally.recoveries).toBeGreaterThan(0);
}
