import { assert, assertEqual, assertRejects } from '../../src/conformance/assert.ts';
import { followRun, type KernelError, openRun, openStores, recover } from '../../src/index.ts';
import { type FaultyFactory, injected, lostServer, openRequest } from './faulty-factory.ts';
import {
  type FaultCase,
  faultCase,
  fold,
  plant,
  runOf,
  type State,
  storesOf,
  withProperty,
} from './scene.ts';

/** Opens the run "a" of this page, with what it reports. */
async function open(factory: FaultyFactory, ifOwned: 'fail' | 'steal' = 'fail') {
  const reports: KernelError[] = [];
  const onError = (error: KernelError) => void reports.push(error);
  const stores = storesOf(factory);
  const run = await openRun({ ...runOf(stores), runId: 'a', ifOwned, snapshotEvery: 3, onError });
  return { run, stores, reports };
}

const recovered = async (factory: FaultyFactory): Promise<State> =>
  (await recover({ ...runOf(storesOf(factory.otherPage())), runId: 'a' })).state;

const refusal = (code: KernelError['code'], name = 'EventStoreError') => ({ name, code });

const unreadable = ['UnknownError', 'NotReadableError'].map((name) =>
  injected(name, 'Failed to read large IndexedDB value'),
);

const reading = ['get', 'getAll', 'openCursor'] as const;

export const runCases: readonly FaultCase[] = [
  ...unreadable.map((error) =>
    faultCase(
      `a run's snapshot cannot be read (${error.name}): it is recovered from the log, and that is reported`,
      async (factory) => {
        const first = await open(factory);
        await first.run.appendAll([1, 2, 3, 4]);
        await first.run.close();
        factory.failing = { store: 'snapshots', requests: reading, error };
        const { run } = await open(factory);
        assertEqual([run.state, run.seq], [fold([1, 2, 3, 4]), 4], 'the recovered state');
        const { ignoredSnapshot, replayed } = run.recovery;
        assertEqual([ignoredSnapshot?.reason, replayed], ['unreadable', 4], 'what was ignored');
        assert(ignoredSnapshot?.error?.cause === error, 'the cause is the error of the browser');
        factory.failing = undefined;
        await run.append(5);
        await run.close();
        assertEqual(await recovered(factory), fold([1, 2, 3, 4, 5]), 'the state');
      },
    ),
  ),

  ...unreadable.map((error) =>
    faultCase(
      `a run's log cannot be read (${error.name}): unreadable, and never a state`,
      async (factory) => {
        const first = await open(factory);
        await first.run.appendAll([1, 2, 3]);
        await first.run.close();
        await first.stores.events.append('a', [4]);
        factory.failing = { store: 'events', requests: reading, error };
        const options = runOf(storesOf(factory));
        for (const read of [
          () => recover({ ...options, runId: 'a' }),
          () => openRun({ ...options, runId: 'a' }),
          () => followRun({ ...options, runId: 'a' }),
        ]) {
          const { cause, runId } = await assertRejects(read, refusal('unreadable'));
          assert(cause === error && runId === 'a', 'it says why, and of which run');
        }
        factory.failing = undefined;
        assertEqual(await recovered(factory), fold([1, 2, 3, 4]), 'the state');
      },
    ),
  ),

  faultCase(
    'a run finds no room for an event: it closes with quota, and opens again with all before',
    async (factory) => {
      const { run, reports } = await open(factory);
      await run.appendAll([1, 2]);
      factory.failing = { store: 'events', requests: ['put'], error: injected('QuotaExceededError') };
      const appends = [run.append(3), run.append(4)];
      for (const append of appends) await assertRejects(() => append, refusal('quota'));
      factory.failing = undefined;
      await assertRejects(() => run.append(5), refusal('quota'));
      assertEqual(
        reports.map(({ code }) => code),
        ['quota'],
        'the reports',
      );
      const again = await open(factory);
      assertEqual(again.run.state, fold([1, 2]), 'the state');
      assertEqual(await again.run.append(3), 3, 'the next event');
      await again.run.close();
    },
  ),

  faultCase('a run finds no room for a snapshot: it says so and goes on', async (factory) => {
    const { run, reports } = await open(factory);
    factory.failing = { store: 'snapshots', requests: ['put'], error: injected('QuotaExceededError') };
    for (const event of [1, 2, 3, 4]) await run.append(event);
    await run.close();
    assertEqual(
      reports.map(({ code }) => code),
      ['quota', 'quota'],
      'the reports, of the third event and of the end',
    );
    factory.failing = undefined;
    assertEqual(await recovered(factory), fold([1, 2, 3, 4]), 'the state');
  }),

  ...(
    [
      ['the connection is dropped', undefined],
      ["WebKit's server is lost, for a request and for the next one to open", lostServer],
    ] as const
  ).map(([what, error]) =>
    faultCase(
      `${what} while a run appends: nobody notices, and no event is lost or doubled`,
      async (factory) => {
        const { run, reports } = await open(factory);
        await run.append(1);
        if (error) {
          factory.failing = { store: 'events', requests: ['put'], error };
          factory.onTransaction = (transaction) => {
            factory.failing = undefined;
            factory.onTransaction = undefined;
            transaction.addEventListener('abort', () => factory.dropConnections());
          };
          factory.instead = () => {
            factory.instead = undefined;
            return openRequest(error);
          };
        }
        const appends = [run.append(2), run.append(3), run.appendAll([4, 5])];
        if (!error) factory.dropConnections();
        assertEqual(await Promise.all(appends), [2, 3, 5], 'the heads');
        await run.close();
        assertEqual(reports, [], 'the reports');
        assertEqual(await recovered(factory), fold([1, 2, 3, 4, 5]), 'the state');
      },
    ),
  ),

  faultCase(
    'a run is stolen: its former owner closes with conflict and has changed nothing',
    async (factory) => {
      const stores = await openStores<State, unknown>({ indexedDB: factory, databaseName: 'rewake' });
      const options = {
        ...runOf(stores),
        runId: 'a',
        stores: { ...stores, databaseName: crypto.randomUUID() },
      };
      const reports: KernelError[] = [];
      const former = await openRun({ ...options, onError: (error) => void reports.push(error) });
      await former.appendAll([1, 2]);
      const thief = await openRun({ ...options, ifOwned: 'steal' });
      await thief.append(3);
      const { code } = await assertRejects(() => former.append('late'), {
        ...refusal('conflict'),
        name: 'RunError',
      });
      assertEqual(
        reports.map((report) => report.code),
        [code],
        'the reports',
      );
      await former.close();
      await thief.append(4);
      await thief.close();
      assertEqual(await recovered(factory), fold([1, 2, 3, 4]), 'the state');
    },
  ),

  faultCase(
    'a frozen tab returns and has not heard of the theft: it is fenced, and has changed nothing',
    async (factory) => {
      const frozen = await open(factory);
      await frozen.run.appendAll([1, 2]);
      // Stores of its own, so that its lock is another one, as if the frozen tab had kept its own.
      const thief = await open(factory.otherPage(), 'steal');
      await thief.run.appendAll([3, 4]);
      const appends = [frozen.run.append('late'), frozen.run.append('later')];
      for (const append of appends) {
        const error = await assertRejects(() => append, refusal('conflict'));
        assertEqual([error.expected, error.actual], [2, 4], 'expected and actual');
      }
      await assertRejects(() => frozen.run.append('at last'), refusal('conflict'));
      await assertRejects(() => frozen.run.snapshot(), refusal('conflict'));
      await frozen.run.close();
      assertEqual(
        frozen.reports.map(({ code }) => code),
        ['conflict'],
        'the reports',
      );
      assertEqual(await thief.run.append(5), 5, 'the next event of the new owner');
      await thief.run.close();
      assertEqual(await recovered(factory), fold([1, 2, 3, 4, 5]), 'the state');
    },
  ),

  faultCase('the clock jumps back all the time: nothing depends on it', (factory) => {
    let now = Date.now();
    const backwards = { value: () => (now -= 3_600_000) };
    return withProperty(Date, 'now', backwards, () =>
      withProperty(performance, 'now', backwards, async () => {
        for (const first of [1, 11, 21]) {
          const { run, reports } = await open(factory);
          for (let event = first; event < first + 10; event++) await run.append(event);
          await run.close();
          assertEqual(reports, [], 'the reports');
        }
        const log = Array.from({ length: 30 }, (_, index) => index + 1);
        assertEqual(await recovered(factory), fold(log), 'the state');
      }),
    );
  }),

  faultCase('the tail of a followed run is damaged: unreadable, and the state stays', async (factory) => {
    const stores = storesOf(factory);
    await stores.events.append('a', [1, 2]);
    const follower = await followRun({ ...runOf(stores), runId: 'a' });
    await stores.events.append('a', [3]);
    await follower.refresh();
    await plant(factory, 'events', ['a', 5], { format: 1, events: [5] });
    await assertRejects(() => follower.refresh(), refusal('unreadable'));
    assertEqual([follower.state, follower.seq], [fold([1, 2, 3]), 3], 'the state');
    await follower.close();
  }),
];
