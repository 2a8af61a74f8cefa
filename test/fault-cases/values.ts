import { assert, assertEqual, assertRejects } from '../../src/conformance/assert.ts';
import { peculiarRunIds } from '../../src/conformance/case.ts';
import { InMemoryEventStore, InMemorySnapshotStore, openRun, recover } from '../../src/index.ts';
import { type FaultyFactory, injected } from './faulty-factory.ts';
import { type FaultCase, faultCase, runOf, type Stores, storesOf } from './scene.ts';

// What cannot be stored, or only looks as if it could not.

function detachedBytes(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function* generator() {}

type Kind = readonly [kind: string, make: () => unknown];

/** One of each kind that is to be found everywhere. */
const kinds: readonly Kind[] = [
  ['a function', () => () => {}],
  ['a class', () => class {}],
  ['a symbol', () => Symbol('s')],
  ['a Proxy', () => new Proxy({ a: 1 }, {})],
  ['a revoked Proxy', revoked],
  ['a detached buffer', () => detachedBytes().buffer],
  ['bytes in a detached buffer', detachedBytes],
  ['a WeakMap', () => new WeakMap()],
  ['a WeakRef', () => new WeakRef({})],
  ['a Promise', () => Promise.resolve()],
  ['a generator', generator],
  ['an iterator', () => [][Symbol.iterator]()],
  ['a MessagePort', () => new MessageChannel().port1],
  ['the global object', () => globalThis],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const backends: readonly [backend: string, open: (factory: FaultyFactory) => Stores][] = [
  ['IndexedDB', storesOf],
  ['memory', () => ({ snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() })],
];

/** None of them can be stored, alone or deep within something else, and each time it is said where. */
async function assertNotCloneable({ snapshots, events }: Stores, kinds: readonly Kind[]): Promise<void> {
  const wrong: string[] = [];
  for (const [kind, make] of kinds) {
    for (const [value, place] of [
      [make(), ''],
      [{ items: [0, { it: make() }] }, '.items[1].it'],
      [[new Map([['key', make()]])], '[0][0][1]'],
      [inCycle(make()), '.late.it'],
    ] as const) {
      const writes = [
        [
          'SnapshotStoreError',
          `state${place} `,
          () => snapshots.save({ runId: 'a', atSeq: 2, state: value }),
        ],
        ['EventStoreError', `events[1]${place} `, () => events.append('a', ['fine', value])],
      ] as const;
      for (const [name, says, write] of writes) {
        await assertRejects(write, { name, code: 'not-cloneable', says }).catch((error: Error) => {
          wrong.push(`${kind}: ${error.message}`);
        });
      }
    }
  }
  assertEqual(wrong, [], 'what was not found');
}

/** Something that leads back to itself before it leads to `it`. */
function inCycle(it: unknown): object {
  const cycle = {};
  return Object.assign(cycle, { early: { back: cycle }, late: { it } });
}

class Account {
  readonly owner = 'somebody';
  readonly #secret = 'lost';
  get secret() {
    return this.#secret;
  }
}

const everywhere = (name: string, run: (stores: Stores) => Promise<void>): FaultCase[] =>
  backends.map(([backend, open]) => faultCase(`${name} (${backend})`, (factory) => run(open(factory))));

export const valueCases: readonly FaultCase[] = [
  ...everywhere(
    'what cannot be stored, of every kind: not-cloneable, and the message names the path',
    async (stores) => {
      const { snapshots, events } = stores;
      await snapshots.save({ runId: 'a', atSeq: 1, state: 'good' });
      await events.append('a', ['good']);
      await assertNotCloneable(stores, kinds);
      assertEqual((await snapshots.loadLatest('a'))?.state, 'good', 'the state');
      assertEqual((await events.head('a')).seq, 1, 'the head');
    },
  ),

  ...everywhere(
    'a getter that throws, an error of the browser too: not-cloneable, and the message names the path',
    async ({ snapshots, events }) => {
      await snapshots.save({ runId: 'a', atSeq: 1, state: 'good' });
      await events.append('a', ['good']);
      for (const error of [new Error('of the application'), injected('QuotaExceededError')]) {
        const getter = {
          get broken() {
            throw error;
          },
        };
        const code = 'not-cloneable';
        await assertRejects(() => snapshots.save({ runId: 'a', atSeq: 2, state: [getter] }), {
          name: 'SnapshotStoreError',
          code,
          says: 'state[0].broken ',
        });
        for (const options of [{}, { expectedHead: 1 }]) {
          await assertRejects(() => events.append('a', [1, getter], options), {
            name: 'EventStoreError',
            code,
            says: 'events[1].broken ',
          });
        }
      }
      assertEqual((await snapshots.loadLatest('a'))?.state, 'good', 'the state');
      assertEqual((await events.head('a')).seq, 1, 'the head');
    },
  ),

  ...everywhere('an object of a class: its public fields alone are stored', async ({ snapshots }) => {
    await snapshots.save({ runId: 'a', atSeq: 1, state: new Account() });
    const state = Object((await snapshots.loadLatest('a'))?.state);
    assertEqual({ ...state }, { owner: 'somebody' }, 'the fields');
    assert(Object.getPrototypeOf(state) === Object.prototype, 'it is of no class any more');
  }),

  ...everywhere('a state that holds itself comes back holding itself', async ({ snapshots, events }) => {
    const state: Record<string, unknown> = { name: 'cyclic' };
    Object.assign(state, { self: state, list: [state], map: new Map([['self', state]]) });
    await snapshots.save({ runId: 'a', atSeq: 1, state });
    await events.append('a', [state]);
    const [event] = (await events.scan('a', 1)).events;
    for (const found of [(await snapshots.loadLatest('a'))?.state, event?.event]) {
      assertEqual(found, state, 'the state');
      assert(Object(found).map.get('self') === found, 'it leads back to itself');
    }
  }),

  ...everywhere('__proto__ and constructor as keys of a state are keys, and nothing else', async (stores) => {
    const state = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 2}}}');
    await stores.snapshots.save({ runId: 'a', atSeq: 0, state });
    await stores.events.append('a', [state]);
    const found = (await stores.snapshots.loadLatest('a'))?.state;
    const [event] = (await stores.events.scan('a', 1)).events;
    for (const copy of [found, event?.event]) {
      assertEqual(JSON.stringify(copy), JSON.stringify(state), 'the copy');
      assert(Object.getPrototypeOf(copy) === Object.prototype, 'its prototype is as it was');
    }
    assert(!('polluted' in {}), 'Object.prototype is as it was');
  }),

  ...everywhere('run ids of every kind name runs that are opened, recovered and apart', async (stores) => {
    const runIds = [...peculiarRunIds, '\udc00', 'hasOwnProperty'];
    for (const [index, runId] of runIds.entries()) {
      const run = await openRun({ ...runOf(stores), runId });
      await run.append(`event of ${index}`);
      await run.close();
    }
    for (const [index, runId] of runIds.entries()) {
      const { state, replayed } = await recover({ ...runOf(stores), runId });
      assertEqual([state, replayed], [[`1: event of ${index}`], 0], `the run ${index}`);
    }
    for (const found of [await stores.snapshots.runIds(), await stores.events.runIds()]) {
      assertEqual(found.sort(), [...runIds].sort(), 'the runs');
    }
  }),
];

/** What only a browser has, or only a real database refuses: fake-indexeddb stores all that `structuredClone` copies. */
export const browserValueCases: readonly FaultCase[] = [
  ...everywhere('what belongs to the page: not-cloneable, and the message names the path', (stores) =>
    assertNotCloneable(stores, [
      ['a DOM node', () => document.createElement('p')],
      ['the document', () => document],
      ['a list of nodes', () => document.querySelectorAll('body')],
      ['an event', () => new Event('click')],
    ]),
  ),

  faultCase(
    'what can be sent to a worker but not stored: not-cloneable, and the message names the path',
    (factory) =>
      // The shortest one there is.
      assertNotCloneable(storesOf(factory), [
        ['a module', () => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))],
      ]),
  ),
];
