import { connectionCases } from './connections.ts';
import { openingCases } from './opening.ts';
import { recordCases } from './records.ts';
import { runCases } from './runs.ts';
import type { FaultCase } from './scene.ts';
import { transactionCases } from './transactions.ts';
import { browserValueCases, valueCases } from './values.ts';

/** Everything that a browser does to its IndexedDB only now and then, provoked on purpose. */
export const faultCases: readonly FaultCase[] = [
  ...openingCases,
  ...connectionCases,
  ...transactionCases,
  ...recordCases,
  ...valueCases,
  ...runCases,
];

/** What in addition can be provoked in a page of a real browser alone. */
export const browserFaultCases: readonly FaultCase[] = [...faultCases, ...browserValueCases];
