import { isDeepStrictEqual } from 'node:util';
import {
  type BothStores,
  eventStoreCases,
  type Open,
  snapshotStoreCases,
  storesCases,
} from 'rewake/conformance';

// What the guests have in common.

export type Case = readonly [name: string, run: () => Promise<void>];

export const sharedByName = <T>(create: (name: string) => T): ((name: string) => T) => {
  const all = new Map<string, T>();
  return (name) => {
    const one = all.get(name) ?? create(name);
    all.set(name, one);
    return one;
  };
};

/** The conformance suite; a scope is of one case. */
export function suite(opener: (scope: string) => Open<BothStores>): Case[] {
  let scopes = 0;
  const open = () => opener(`${++scopes}`);
  return [
    ...snapshotStoreCases.map(({ name, run }): Case => {
      const stores = open();
      return [`snapshots: ${name}`, () => run(async (store) => (await stores(store)).snapshots)];
    }),
    ...eventStoreCases.map(({ name, run }): Case => {
      const stores = open();
      return [`events: ${name}`, () => run(async (store) => (await stores(store)).events)];
    }),
    ...storesCases.map(({ name, run }): Case => [`both: ${name}`, () => run(open())]),
  ];
}

export const codeOf = ({ code }: { code: string }) => code;

export function equal(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}
