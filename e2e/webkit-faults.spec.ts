import { faultCases } from './fault-cases.ts';
import { blankUrl } from './servers.ts';
import { test } from './webkit-test.ts';

test('every injected fault ends as the documentation says', async ({ session }) => {
  await session.goto(blankUrl);
  faultCases.expectPassed(await session.execute(faultCases.run, faultCases.script));
});
