import { test } from '@playwright/test';
import { expectNothingLost, expectNothingRepeated } from './kill/expect-nothing-lost.ts';

// What is lost once in many times is lost.
test.describe.configure({ retries: 0 });

test('nothing is lost or doubled when the browser is killed', () => expectNothingLost('webkit', 'browser'));

test('no recorded step is executed again when the browser is killed', () =>
  expectNothingRepeated('webkit', 'browser'));

test('a page goes on, and nothing is lost or doubled, when the process that keeps the databases is killed', () =>
  expectNothingLost('webkit', 'network'));
