import { test } from '@playwright/test';
import { expectNothingLost } from './kill/expect-nothing-lost.ts';

// What is lost once in many times is lost.
test.describe.configure({ retries: 0 });

// SIGKILL at a random moment, again and again, and a checker that knows what was acknowledged.

test('nothing is lost or doubled when the browser is killed', ({ browserName }) =>
  expectNothingLost(browserName, 'browser'));

test(
  'nothing is lost or doubled when the browser is killed while three tabs and a Service Worker write eight runs',
  {
    tag: '@chromium',
  },
  () => expectNothingLost('chromium', 'crowd'),
);

test("nothing is lost or doubled when the page's process is killed", { tag: '@chromium' }, () =>
  expectNothingLost('chromium', 'renderer'),
);

test('nothing is lost or doubled when the Service Worker is killed', { tag: '@chromium' }, () =>
  expectNothingLost('chromium', 'service-worker'),
);
