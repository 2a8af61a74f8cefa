import { expect, test } from '@playwright/test';
import type { Called } from './page.ts';

/** The log has the seqs 1, 2, 3, …, no event twice, and each that was acknowledged at its seq. */
export function expectEachOnce(
  log: readonly { seq: number; event: unknown }[],
  appended: readonly Called[],
): void {
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  expect(new Set(log.map(({ event }) => event)).size).toBe(log.length);
  const acknowledged = appended.flatMap(({ n, outcome }) =>
    'value' in outcome ? { seq: outcome.value, event: n } : [],
  );
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(acknowledged.map(({ seq }) => log[seq - 1])).toMatchObject(acknowledged);
}

/** What failed, failed with this code. */
export function expectOnly(code: string, called: readonly Called[]): void {
  const codes = called.flatMap(({ outcome }) => ('code' in outcome ? outcome.code : []));
  expect(codes.filter((other) => other !== code)).toEqual([]);
}

/** Numbers of the test, for its report; the environment may ask for them on the console. */
export function note(measured: string): void {
  const { title, annotations, project } = test.info();
  annotations.push({ type: 'measured', description: measured });
  if (process.env.REWAKE_SHOW_MEASURED) console.log(`${project.name}: ${title}: ${measured}`);
}
