import { expect } from '@playwright/test';
import { browserFaultCases } from '../test/fault-cases/index.ts';
import type { Outcome } from './pages/conformance.ts';
import { blankUrl } from './servers.ts';
import { test } from './webkit-test.ts';

test('every injected fault ends as the documentation says', async ({ session }) => {
  await session.goto(blankUrl);
  const outcomes: Outcome[] = await session.execute(
    async (module) => (await import(module)).runFaultCases(),
    '/e2e/pages/faults.ts',
  );
  expect(outcomes.filter(({ error }) => error)).toEqual([]);
  expect(outcomes.map(({ name }) => name)).toEqual(browserFaultCases.map(({ name }) => name));
});
