import { expect } from '@playwright/test';
import { browserFaultCases } from '../test/fault-cases/index.ts';
import type { Outcome } from './pages/conformance.ts';

/** The very cases that test/faults.test.ts runs on fake-indexeddb, injected into the IndexedDB of a real browser. */
export const faultCases = {
  script: '/e2e/pages/faults.ts',
  /** Runs in a page. */
  run: async (script: string): Promise<Outcome[]> => (await import(script)).runFaultCases(),
  expectPassed(outcomes: readonly Outcome[]): void {
    expect(outcomes.filter(({ error }) => error)).toEqual([]);
    expect(outcomes.map(({ name }) => name)).toEqual(browserFaultCases.map(({ name }) => name));
  },
};
