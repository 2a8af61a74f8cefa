import 'fake-indexeddb/auto';
import fc from 'fast-check';
import {
  InMemoryEventStore,
  InMemorySnapshotStore,
  isKernelError,
  KernelError,
  openStores,
  type RunStores,
} from 'rewake';
import { openDoc } from 'rewake/yjs';
import { expect, test } from 'vitest';
import { Doc, encodeStateAsUpdate } from 'yjs';

type DocStores = NonNullable<Parameters<typeof openDoc>[0]['stores']>;

const inMemory = (): DocStores => ({
  snapshots: new InMemorySnapshotStore(),
  events: new InMemoryEventStore(),
});
const runId = 'notes';

const content = (doc: Doc) => [
  doc.getText('text').toString(),
  doc.getMap('map').toJSON(),
  doc.getArray<string>('marks').toArray(),
];

/** The document as a new tab finds it. */
async function stored(stores: DocStores): Promise<Doc> {
  const doc = new Doc();
  const { close } = await openDoc({ runId, doc, stores });
  await close();
  return doc;
}

test('two tabs that edit at once, with kills at any point, converge, and have every change that was durable', async () => {
  const tab = fc.integer({ min: 0, max: 1 });
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        tab,
        at: fc.nat(20),
        text: fc.string({ minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('erase' as const), tab, at: fc.nat(20) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('set' as const),
        tab,
        key: fc.constantFrom('a', 'b'),
        value: fc.nat(9),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('save' as const, 'refresh' as const, 'reopen' as const),
        tab,
      }),
    },
    // During an append: before its commit, or after it and before the tab hears of that.
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('kill before' as const, 'kill after' as const), tab }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const databaseName = crypto.randomUUID();
      const open = async () => {
        const real: RunStores<never, never> = await openStores({ databaseName });
        const { append } = real.events;
        let kill = (_: 'before' | 'after') => {};
        const killed = new Promise<'before' | 'after'>((resolve) => (kill = resolve));
        let moment: 'before' | 'after' | undefined;
        killed.then((when) => (moment = when));
        const never = new Promise<never>(() => {});
        real.events.append = async (...args) => {
          if (moment === 'before') return never;
          const head = await append.apply(real.events, args);
          return moment === 'after' ? never : head;
        };
        const doc = new Doc();
        const bound = await openDoc({ runId, doc, stores: real, onError: () => {} });
        return { doc, ...bound, kill, id: crypto.randomUUID() };
      };
      const tabs = [await open(), await open()];
      /** Of each tab, in its life, the changes that it has made. */
      const made = new Map<string, string[]>();
      const durable = new Set<string>();
      for (const [index, one] of steps.entries()) {
        const current = tabs[one.tab];
        if (!current) throw new Error('There are two.');
        const text = current.doc.getText('text');
        const note = () => {
          const mark = `${current.id} ${index}`;
          current.doc.getArray<string>('marks').push([mark]);
          made.set(current.id, [...(made.get(current.id) ?? []), mark]);
        };
        if (one.do === 'write') {
          text.insert(Math.min(one.at, text.length), one.text);
          note();
        } else if (one.do === 'erase') {
          if (one.at < text.length) text.delete(one.at, 1);
        } else if (one.do === 'set') {
          current.doc.getMap('map').set(one.key, one.value);
        } else if (one.do === 'refresh') await current.refresh();
        else {
          if (one.do === 'save' || one.do === 'reopen') {
            await current.saved();
            for (const mark of made.get(current.id) ?? []) durable.add(mark);
          }
          if (one.do === 'save') continue;
          if (one.do === 'reopen') await current.close();
          else {
            current.kill(one.do === 'kill before' ? 'before' : 'after');
            await Promise.resolve();
            text.insert(0, 'lost or not');
          }
          tabs[one.tab] = await open();
        }
      }
      for (const { saved } of tabs) await saved();
      for (const { refresh } of tabs) await refresh();
      const [a, b] = tabs.map(({ doc }) => content(doc));
      expect(a).toEqual(b);
      expect(content(await stored(await openStores({ databaseName })))).toEqual(a);
      for (const { doc } of tabs)
        expect(doc.getArray('marks').toArray()).toEqual(expect.arrayContaining([...durable]));
      for (const { close } of tabs) await close();
    }),
    { numRuns: 40 },
  );
});

test('a tab sees what another one writes, without asking', async () => {
  const databaseName = crypto.randomUUID();
  const open = async () => {
    const doc = new Doc();
    return { doc, ...(await openDoc({ runId, doc, stores: await openStores({ databaseName }) })) };
  };
  const [a, b] = [await open(), await open()];
  const seen = new Promise((resolve) => b.doc.getText().observe(() => resolve(b.doc.getText().toString())));
  a.doc.getText().insert(0, 'Hello');
  expect(await seen).toBe('Hello');
  await a.close();
  await b.close();
  // What came from the log is not appended again.
  expect((await (await openStores({ databaseName })).events.head(runId)).seq).toBe(1);
});

test('a change that could not be stored is told, and stored with the next one', async () => {
  const stores = inMemory();
  const { append } = stores.events;
  stores.events.append = () => Promise.reject(new KernelError('quota', 'no room', { operation: 'append' }));
  const doc = new Doc();
  let tell = (_: unknown) => {};
  const told = new Promise((resolve) => (tell = resolve));
  const { saved, close } = await openDoc({ runId, doc, stores, onError: ({ code }) => tell(code) });
  doc.getText().insert(0, 'lo');
  expect(await told).toBe('quota');
  await expect(saved()).rejects.toMatchObject({ code: 'quota' });
  stores.events.append = append;
  doc.getText().insert(0, 'Hel');
  await saved();
  await close();
  expect((await stored(stores)).getText().toString()).toBe('Hello');
});

test('close waits for what was changed', async () => {
  const stores = inMemory();
  const { append } = stores.events;
  const order: string[] = [];
  let commit = () => {};
  const committed = new Promise<void>((resolve) => (commit = resolve));
  stores.events.append = async (...args) => {
    await committed;
    const head = await append.apply(stores.events, args);
    order.push('durable');
    return head;
  };
  const doc = new Doc();
  const { close } = await openDoc({ runId, doc, stores });
  doc.getText().insert(0, 'Hello');
  const closed = close().then(() => order.push('closed'));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  commit();
  await closed;
  expect(order).toEqual(['durable', 'closed']);
});

test('an append whose connection was lost is repeated', async () => {
  const stores = inMemory();
  const { append } = stores.events;
  stores.events.append = async (...args) => {
    stores.events.append = append;
    await append.apply(stores.events, args);
    throw new KernelError('connection-lost', 'lost', { operation: 'append' });
  };
  const doc = new Doc();
  const { saved, close } = await openDoc({ runId, doc, stores });
  doc.getText().insert(0, 'Hello');
  await saved();
  await close();
  expect((await stored(stores)).getText().toString()).toBe('Hello');
});

test('what a document holds before it is opened is stored, and only what is not stored yet', async () => {
  const stores = inMemory();
  const doc = new Doc();
  doc.getText().insert(0, 'x'.repeat(1000));
  for (let time = 0; time < 3; time++) {
    const { close } = await openDoc({ runId, doc, stores });
    await close();
  }
  expect((await stored(stores)).getText().length).toBe(1000);
  const { events } = await stores.events.scan(runId, 1);
  expect(events.reduce((sum, { event }) => sum + event.length, 0)).toBeLessThan(1200);
});

test('a long log is opened from a snapshot of the merged document', async () => {
  const stores = inMemory();
  const doc = new Doc();
  const { saved, close } = await openDoc({ runId, doc, stores });
  for (let index = 0; index < 500; index++) {
    doc.getText().insert(index, 'x');
    await saved();
  }
  await close();
  expect(await stores.snapshots.loadLatest(runId)).toBeUndefined();
  await stored(stores);
  const { atSeq, state } = (await stores.snapshots.loadLatest(runId)) ?? {};
  expect([atSeq, state?.flat().length]).toEqual([500, 1]);
  expect(encodeStateAsUpdate(await stored(stores))).toEqual(encodeStateAsUpdate(doc));
});

test('a mistake is invalid-argument', async () => {
  const wrong = { runId, doc: {} } as unknown as { runId: string; doc: Doc };
  for (const options of [wrong, { runId: '', doc: new Doc() }])
    expect(await openDoc(options).catch((error) => isKernelError(error, 'invalid-argument'))).toBe(true);
});
