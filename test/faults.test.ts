import 'fake-indexeddb/auto';
import { test } from 'vitest';
import { faultCases } from './fault-cases/index.ts';
import { FaultyFactory } from './faulty-factory.ts';

// What a real IndexedDB does only now and then, injected: each fault ends in its documented code, leaves nothing half
// written, and the next call works where it can. e2e/fault-cases.spec.ts runs the same cases in real browsers.

for (const { name, run } of faultCases) test(name, () => run(new FaultyFactory()));
