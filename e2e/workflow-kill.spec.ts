import { test } from '@playwright/test';
import { expectNothingRepeated } from './kill/expect-nothing-lost.ts';

// What is repeated once in many times is repeated.
test.describe.configure({ retries: 0 });

test('no recorded step is executed again when the browser is killed', ({ browserName }) =>
  expectNothingRepeated(browserName, 'browser'));

test("no recorded step is executed again when the page's process is killed", { tag: '@chromium' }, () =>
  expectNothingRepeated('chromium', 'renderer'),
);

test(
  'no recorded step is executed again when the Service Worker is stopped in mid step',
  { tag: '@chromium' },
  () => expectNothingRepeated('chromium', 'service-worker'),
);
