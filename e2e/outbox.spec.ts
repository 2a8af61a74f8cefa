import { expect, test } from '@playwright/test';
import { runScenario, type Scenario, scenarios } from './outbox/scenarios.ts';

// `node e2e/outbox/run.js` runs more rounds, and workbox-background-sync beside it.
for (const scenario of Object.keys(scenarios) as Scenario[]) {
  test(`the outbox delivers every message: ${scenario}`, { tag: '@chromium' }, async () => {
    test.setTimeout(120_000);
    expect(await runScenario(scenario, 'rewake', 2)).toMatchObject({ delivered: 2, doubled: 0 });
  });
}
