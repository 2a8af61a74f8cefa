import {
  type Codec,
  IndexedDbEventStore,
  IndexedDbSnapshotStore,
  openRun,
  openStores,
  recover,
} from 'rewake';
import { anyOf, compress, encrypt, pipe } from 'rewake/codecs';
import { beforeEach, describe, expect, test } from 'vitest';
import { plant } from './fault-cases/scene.ts';
import { FaultyFactory, openRequest, type StoreName, settled } from './faulty-factory.ts';
import { load, readDump } from './fixtures/load.ts';
import { storedRuns } from './fixtures/runs-0.1.ts';
import { hasHistory, olderRelease } from './older-release.ts';

// The option `codec`: what is stored, who can read it, and what happens at its edges. That a store with a codec keeps the
// contracts, the conformance suite tests.

let factory: FaultyFactory;

beforeEach(() => {
  factory = new FaultyFactory();
});

/** The stores of another page. */
const open = (codec?: Codec, indexedDB: IDBFactory = factory.otherPage()) => ({
  snapshots: new IndexedDbSnapshotStore<unknown>({ indexedDB, codec }),
  events: new IndexedDbEventStore<unknown>({ indexedDB, codec }),
});

const newKey = () =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);

/** As an application may write one: plain JSON, at once. What it is called with is in `calls`. */
function jsonCodec(before: (kind: string) => unknown = () => {}) {
  const calls: unknown[] = [];
  const codec: Codec = {
    id: 'json',
    async encode(value, context) {
      await before(context.kind);
      calls.push(['encode', context]);
      // As of an encoder that has one large buffer.
      const bytes = new TextEncoder().encode(`--${JSON.stringify(value)}--`);
      return bytes.subarray(2, -2);
    },
    decode(bytes, context) {
      calls.push(['decode', context]);
      return JSON.parse(new TextDecoder().decode(bytes));
    },
  };
  return { codec, calls };
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function records(name: StoreName = 'events'): Promise<[IDBValidKey, unknown][]> {
  const connection = await settled(factory.otherPage().open('rewake'));
  const store = connection.transaction(name).objectStore(name);
  const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
  connection.close();
  return keys.map((key, index) => [key, values[index]]);
}

const reduce = (state: string, event: unknown) => `${state} ${event}`;
const definition = { runId: 'a', reduce, initialState: '' };

test('a record of format 3 has bytes in place of what it holds, and is told where it belongs', async () => {
  const { codec, calls } = jsonCodec();
  const { snapshots, events } = open(codec);
  const { logId } = await events.append('a', [1, 2], { expectedHead: 0, writer: 'w', version: 2 });
  await events.append('a', [3]);
  await snapshots.save({ runId: 'a', atSeq: 2, logId, version: 2, state: 'two' });
  expect(await records()).toEqual([
    [['a', 2], { format: 3, codec: 'json', events: json([1, 2]), writer: 'w', version: 2 }],
    [['a', 3], { format: 3, codec: 'json', events: json([3]) }],
    [['a', [logId]], logId],
  ]);
  expect(await records('snapshots')).toEqual([
    ['a', { format: 3, codec: 'json', atSeq: 2, logId, version: 2, state: json('two') }],
  ]);
  expect(await records('guards')).toEqual([['a', 2]]);
  await events.compact('a', { atSeq: 1, logId, version: 2, state: 'one' });
  expect(await records()).toEqual([
    [['a', 1], { format: 3, codec: 'json', base: json('one'), version: 2 }],
    // What is left of the batch, encoded anew.
    [['a', 2], { format: 3, codec: 'json', events: json([2]), version: 2 }],
    [['a', 3], { format: 3, codec: 'json', events: json([3]) }],
    [['a', [logId]], logId],
  ]);
  // No more than the bytes, however large the buffer was that they were in.
  for (const [, record] of await records()) {
    const { events = new Uint8Array() } = Object(record);
    expect(events.byteLength).toBe(events.buffer.byteLength);
  }
  await open(codec).events.scan('a', 2);
  await open(codec).events.base('a');
  await open(codec).snapshots.loadLatest('a');
  const context = (kind: string, seq: number) => ({ kind, runId: 'a', seq });
  expect(calls).toEqual([
    ['encode', context('events', 2)],
    ['encode', context('events', 3)],
    ['encode', context('snapshot', 2)],
    ['decode', context('events', 2)],
    ['encode', context('events', 2)],
    ['encode', context('base', 1)],
    ['decode', context('events', 2)],
    ['decode', context('events', 3)],
    ['decode', context('base', 1)],
    ['decode', context('snapshot', 2)],
  ]);
});

test('a log that begins with a base is encoded, too', async () => {
  const { codec } = jsonCodec();
  const { logId } = await open(codec).events.begin('a', { atSeq: 7, version: 1, state: 'seven' });
  expect(await records()).toEqual([
    [['a', 7], { format: 3, codec: 'json', base: json('seven'), version: 1 }],
    [['a', [logId]], logId],
  ]);
  expect(await open(codec).events.base('a')).toEqual({ atSeq: 7, logId, version: 1, state: 'seven' });
});

test('without a codec, an append is the one transaction that it was; with one, an unfenced append reads the head before', async () => {
  const modes = async (codec: Codec | undefined, expectedHead?: number) => {
    const page = factory.otherPage();
    const { events } = open(codec, page);
    await events.head('a');
    page.transactions.length = 0;
    const requests: string[] = [];
    page.onTransaction = (transaction) => {
      transaction.addEventListener(
        'success',
        ({ target }) => requests.push(String(Object(target).source?.name)),
        {
          capture: true,
        },
      );
    };
    await events.append('a', [1], expectedHead === undefined ? {} : { expectedHead });
    return [...page.transactions.map(({ mode }) => mode), requests.length];
  };
  await open().events.append('a', [0]);
  // The head and the identity, and the record.
  expect(await modes(undefined)).toEqual(['readwrite', 3]);
  expect(await modes(undefined, 2)).toEqual(['readwrite', 2]);
  expect(await modes(compress())).toEqual(['readonly', 'readwrite', 4]);
  expect(await modes(compress(), 4)).toEqual(['readwrite', 2]);
});

test('appends that are not awaited share records, in their order, with their own heads', async () => {
  const { events } = open(compress());
  const heads = await Promise.all(Array.from({ length: 100 }, (_, n) => events.append('a', [n, n])));
  expect(heads.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, n) => 2 * n + 2));
  expect(new Set(heads.map(({ logId }) => logId)).size).toBe(1);
  // The first finds nobody before it, and all others wait for it. The last is the identity.
  expect((await records()).map(([key]) => key)).toEqual([['a', 2], ['a', 200], expect.anything()]);
  const scanned = (await open(compress()).events.scan('a', 1)).events;
  expect(scanned.map(({ event }) => event)).toEqual(Array.from({ length: 200 }, (_, n) => Math.floor(n / 2)));
});

test('an append that finds another head than it has read, encodes anew', async () => {
  const { events: other } = open();
  let intruders = 3;
  const { codec, calls } = jsonCodec(async () => {
    if (intruders-- > 0) await other.append('a', ['intruder']);
  });
  expect((await open(codec).events.append('a', ['mine'])).seq).toBe(4);
  expect(calls).toEqual([1, 2, 3, 4].map((seq) => ['encode', { kind: 'events', runId: 'a', seq }]));
  const log = (await open(codec).events.scan('a', 1)).events.map(({ event }) => event);
  expect(log).toEqual(['intruder', 'intruder', 'intruder', 'mine']);
});

test('a fenced append that finds another head rejects with conflict, whatever the other one was encoded with', async () => {
  const [mine, theirs] = [encrypt(await newKey()), encrypt(await newKey())];
  await open(theirs).events.append('a', [1], { expectedHead: 0, writer: 'v' });
  const append = open(mine).events.append('a', [1], { expectedHead: 0, writer: 'w' });
  await expect(append).rejects.toMatchObject({ code: 'conflict', expected: 0, actual: 1 });
});

describe('a database without a codec', () => {
  test('is read and goes on with one; the one who has none sees what follows as unreadable', async () => {
    const codec = pipe(compress(), encrypt(await newKey()));
    const plain = open();
    const { logId } = await plain.events.append('a', [1, 2, 3, 4]);
    await plain.snapshots.save({ runId: 'a', atSeq: 2, logId, state: ' 1 2' });
    expect(await recover({ ...definition, stores: open(codec) as never })).toMatchObject({
      state: ' 1 2 3 4',
      snapshotSeq: 2,
    });
    await open(codec).events.append('a', [5]);
    expect(await recover({ ...definition, stores: open(codec) as never })).toMatchObject({
      state: ' 1 2 3 4 5',
      snapshotSeq: 2,
    });
    const error = { code: 'unreadable', runId: 'a', seq: 5 };
    await expect(recover({ ...definition, stores: open() as never })).rejects.toMatchObject(error);
    expect((await plain.events.scan('a', 1, 4)).events).toHaveLength(4);
    await open(codec).events.compact('a', { atSeq: 3, logId, version: 1, state: ' 1 2 3' });
    expect((await records()).map(([, record]) => Object(record).format)).toEqual([3, 3, 3, undefined]);
    expect(await recover({ ...definition, stores: open(codec) as never })).toMatchObject({
      state: ' 1 2 3 4 5',
      baseSeq: 3,
    });
  });

  test.each(['chromium', 'firefox', 'fake-indexeddb'] as const)(
    'of 0.1, from %s, goes on with one',
    async (platform) => {
      const codec = compress();
      await load(factory, readDump(platform));
      for (const { runId, reduce, initialState, state, seq } of storedRuns) {
        const reopened = () => openStores<unknown, unknown>({ indexedDB: factory.otherPage(), codec });
        const run = await openRun({
          runId,
          reduce,
          initialState,
          stores: await reopened(),
          onError: () => {},
        });
        expect(run.state).toEqual(state);
        expect(await run.append('more')).toBe(seq + 1);
        await run.close();
        const again = await recover({ runId, reduce, initialState, stores: await reopened() });
        expect(again).toMatchObject({ seq: seq + 1, snapshotSeq: seq + 1, state: reduce(state, 'more') });
      }
    },
  );
});

describe('what cannot be decoded is unreadable, with the run and the seq', () => {
  const codec = jsonCodec().codec;
  const failing: Codec = {
    ...codec,
    decode: (): never => {
      throw new RangeError('not mine');
    },
  };
  const readers: [string, Codec | undefined, unknown][] = [
    ['without a codec', undefined, undefined],
    ['with another codec', compress(), undefined],
    ['with one of another id, though it could', { ...codec, id: 'JSON' }, undefined],
    ['with a codec that fails', failing, new RangeError('not mine')],
    [
      'with a codec that fails later',
      { ...codec, decode: async () => failing.decode(json(1), Object()) },
      new RangeError('not mine'),
    ],
  ];

  test.each(readers)('%s', async (_, reader, cause) => {
    const { snapshots, events } = open(codec);
    const { logId } = await events.append('a', [1, 2, 3]);
    await snapshots.save({ runId: 'a', atSeq: 2, logId, state: ' 1 2' });
    const stranger = open(reader);
    const error = { code: 'unreadable', runId: 'a', ...(cause !== undefined && { cause }) };
    await expect(stranger.events.scan('a', 1)).rejects.toMatchObject({ ...error, seq: 3, operation: 'scan' });
    await expect(stranger.snapshots.loadLatest('a')).rejects.toMatchObject({
      ...error,
      seq: 2,
      operation: 'loadLatest',
    });
    // The snapshot alone is no reason to fail.
    await plant(factory, 'events', ['a', 3], { format: 1, events: [1, 2, 3] });
    expect(await recover({ ...definition, stores: stranger as never })).toMatchObject({
      state: ' 1 2 3',
      ignoredSnapshot: { reason: 'unreadable' },
    });
    await events.compact('a', { atSeq: 2, logId, version: 1, state: ' 1 2' });
    await expect(stranger.events.base('a')).rejects.toMatchObject({ ...error, seq: 2, operation: 'base' });
    // Where the log ends, everybody sees.
    expect(await stranger.events.head('a')).toEqual({ seq: 3, logId });
    expect(await stranger.events.runIds()).toEqual(['a']);
    await stranger.events.delete('a');
    expect(await events.head('a')).toEqual({ seq: 0, logId: null });
  });

  test.each([
    ['no bytes', { format: 3, codec: 'deflate' }],
    ['text for bytes', { format: 3, codec: 'deflate', events: 'text' }],
    ['null for bytes', { format: 3, codec: 'deflate', events: null }],
    ['plain events', { format: 3, codec: 'deflate', events: [1] }],
    ['no codec', { format: 3, events: new Uint8Array([1]) }],
    ['a codec that is no text', { format: 3, codec: { toString: 1 }, events: new Uint8Array([1]) }],
    [
      'its bytes in __proto__',
      { ...JSON.parse('{"__proto__": {"events": 1}}'), format: 3, codec: 'deflate' },
    ],
    ['no bytes at all', { format: 3, codec: 'deflate', events: new Uint8Array() }],
    ['a snapshot', { format: 3, codec: 'deflate', state: new Uint8Array([0, 0, 0, 0, 1, 49]), atSeq: 1 }],
    [
      'what decodes into no array',
      { format: 3, codec: 'deflate', events: new Uint8Array([0, 0, 0, 0, 1, 49]) },
    ],
    [
      'too many events',
      { format: 3, codec: 'deflate', events: Uint8Array.of(0, 0, 0, 0, 5, ...json([1, 2])) },
    ],
  ])('a record that has %s', async (_, record) => {
    await open(compress()).events.append('a', [1]);
    await plant(factory, 'events', ['a', 1], record);
    await plant(factory, 'snapshots', 'a', { ...Object(record), atSeq: 1 });
    const { events, snapshots } = open(compress());
    await expect(events.scan('a', 1)).rejects.toMatchObject({ code: 'unreadable', runId: 'a' });
    if (!Object.hasOwn(record, 'state'))
      await expect(snapshots.loadLatest('a')).rejects.toMatchObject({ code: 'unreadable' });
  });
});

test('bytes of a later format are of a newer-version, whatever codec they name', async () => {
  await open(compress()).events.append('a', [1]);
  const [[key, record]] = (await records()) as [[IDBValidKey, object]];
  await plant(factory, 'events', key, { ...record, format: 4 });
  await expect(open(compress()).events.scan('a', 1)).rejects.toMatchObject({ code: 'newer-version' });
});

test('a record that was moved to another run or seq, or from one object store to the other, does not decrypt', async () => {
  const codec = encrypt(await newKey());
  const { events, snapshots } = open(codec);
  const { logId } = await events.append('a', ['for ann']);
  await events.append('b', ['for bob']);
  await events.append('b', ['more for bob']);
  await snapshots.save({ runId: 'a', atSeq: 1, logId, state: 'the state of ann' });
  await snapshots.save({ runId: 'b', atSeq: 1, state: 'the state of bob' });
  const [[, ofAnn], , [, ofBob]] = (await records()) as [[unknown, object], unknown, [unknown, object]];
  const [[, state]] = (await records('snapshots')) as [[unknown, object]];

  const moves: [StoreName, IDBValidKey, object, () => Promise<unknown>][] = [
    ['events', ['b', 1], ofAnn, () => events.scan('b', 1)],
    ['events', ['b', 2], ofBob, () => events.scan('b', 2)],
    ['events', ['a', 1], { format: 3, codec: codec.id, base: Object(ofAnn).events }, () => events.base('a')],
    ['events', ['a', 1], { ...ofAnn, events: Object(state).state }, () => events.scan('a', 1)],
    ['snapshots', 'b', state, () => snapshots.loadLatest('b')],
    ['snapshots', 'a', { ...state, atSeq: 0 }, () => snapshots.loadLatest('a')],
  ];
  for (const [store, key, record, read] of moves) {
    await read();
    const isIt = ([stored]: [IDBValidKey, unknown]) => factory.cmp(stored, key) === 0;
    const before = (await records(store)).find(isIt)?.[1];
    await plant(factory, store, key, record);
    await expect(read()).rejects.toMatchObject({ code: 'unreadable' });
    await plant(factory, store, key, before);
  }
});

test('nothing of what was encrypted is in any record', async () => {
  const marker = 'marker-4711';
  const codec = pipe(compress(), encrypt(await newKey()));
  const { events, snapshots } = open(codec);
  const { logId } = await events.append('a', [{ marker }, { marker }]);
  await events.append('a', [{ marker }]);
  await snapshots.save({ runId: 'a', atSeq: 3, logId, state: { marker } });
  await events.compact('a', { atSeq: 1, logId, version: 1, state: { marker } });
  const stored = async () => {
    const all = await Promise.all((['events', 'snapshots', 'guards'] as const).map(records));
    const bytes = (_: string, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
    return JSON.stringify(all, bytes);
  };
  expect(await stored()).not.toContain('4711');
  await open().events.append('a', [{ marker }]);
  expect(await stored()).toContain(marker);
});

test('keys change: the older one is needed until the log was compacted and the snapshot saved', async () => {
  const [first, second] = [await newKey(), await newKey()];
  const before = encrypt(first);
  const during = encrypt({ keys: { default: first, second }, current: 'second' });
  const after = encrypt({ keys: { second }, current: 'second' });
  const stores = (codec: Codec) => openStores<string, unknown>({ indexedDB: factory.otherPage(), codec });

  const run = await openRun({ ...definition, stores: await stores(before) });
  await run.append(1);
  await run.close();
  await expect(recover({ ...definition, stores: await stores(after) })).rejects.toMatchObject({
    code: 'unreadable',
    seq: 1,
  });

  const rotated = await openRun({ ...definition, stores: await stores(during) });
  expect(rotated.state).toBe(' 1');
  await rotated.append(2);
  await expect(recover({ ...definition, stores: await stores(before) })).rejects.toMatchObject({
    code: 'unreadable',
    seq: 2,
  });
  await rotated.compact();
  await rotated.close();
  const recovered = await recover({ ...definition, stores: await stores(after) });
  expect(recovered).toMatchObject({ state: ' 1 2', seq: 2, snapshotSeq: 2 });
  expect(recovered.ignoredSnapshot).toBeUndefined();
  await (await stores(after)).snapshots.delete('a');
  expect(await recover({ ...definition, stores: await stores(after) })).toMatchObject({
    state: ' 1 2',
    baseSeq: 2,
  });
});

test('a codec changes: records of none, of the older and of the newer one are read together, until nothing older is left', async () => {
  const key = await newKey();
  const [before, after] = [compress(), pipe(compress(), encrypt(key))];
  const during = anyOf(after, before);
  const { logId } = await open().events.append('a', [1, 2]);
  await open(before).events.append('a', [3, 4, 5]);
  await open(before).snapshots.save({ runId: 'a', atSeq: 3, logId, state: ' 1 2 3' });
  const scanned = async (codec?: Codec) =>
    (await open(codec).events.scan('a', 1)).events.map(({ event }) => event);

  // Its newest codec alone does not read what the one before has written: that is what this is for.
  await expect(scanned(after)).rejects.toMatchObject({ code: 'unreadable', seq: 5 });
  expect(await recover({ ...definition, stores: open(during) as never })).toMatchObject({
    state: ' 1 2 3 4 5',
    snapshotSeq: 3,
  });
  const { events, snapshots } = open(during);
  expect(await events.append('a', [6])).toEqual({ seq: 6, logId });
  expect(await events.append('a', [7], { expectedHead: 6, logId })).toEqual({ seq: 7, logId });
  expect(await scanned(during)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  // In the other order, too: somebody goes back.
  expect(await scanned(anyOf(before, after))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const codecsIn = async (name?: StoreName) =>
    (await records(name)).map(([, record]) => Object(record).codec);
  expect(await codecsIn()).toEqual([undefined, 'deflate', after.id, after.id, undefined]);
  // A page of the older code loses nothing, and reads up to there.
  await expect(scanned(before)).rejects.toMatchObject({ code: 'unreadable', seq: 6 });

  // In the middle of a batch of the older one.
  await events.compact('a', { atSeq: 4, logId, version: 1, state: ' 1 2 3 4' });
  await snapshots.save({ runId: 'a', atSeq: 7, logId, state: ' 1 2 3 4 5 6 7' });
  expect([...(await codecsIn()), ...(await codecsIn('snapshots'))]).toEqual([
    ...[after.id, after.id, after.id, after.id, undefined],
    after.id,
  ]);
  expect(await recover({ ...definition, stores: open(after) as never })).toMatchObject({
    state: ' 1 2 3 4 5 6 7',
    snapshotSeq: 7,
  });
  await open(after).snapshots.delete('a');
  expect(await recover({ ...definition, stores: open(after) as never })).toMatchObject({
    baseSeq: 4,
    replayed: 3,
  });
});

test('what none of anyOf has encoded is unreadable', async () => {
  await open(jsonCodec().codec).events.append('a', [1]);
  const { events } = open(anyOf(encrypt(await newKey()), compress()));
  await expect(events.scan('a', 1)).rejects.toMatchObject({ code: 'unreadable', seq: 1 });
});

describe('what cannot be encoded', () => {
  const blob = new Blob(['picture']);

  test('a Blob is not-cloneable, and fails alone', async () => {
    const { events, snapshots } = open(compress());
    const outcomes = await Promise.allSettled([
      events.append('a', [1]),
      events.append('a', [2]),
      events.append('a', [3, { picture: blob }]),
      events.append('a', [4]),
      events.append('a', [{ picture: blob }], { expectedHead: 3, immutable: true }),
      events.append('a', [5], { expectedHead: 3 }),
    ]);
    expect(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.seq : outcome.reason.code)),
    ).toEqual([1, 2, 'not-cloneable', 3, 'not-cloneable', 4]);
    expect((await events.scan('a', 1)).events.map(({ event }) => event)).toEqual([1, 2, 4, 5]);
    const place = { message: expect.stringContaining('events[1].picture ') };
    await expect(events.append('a', [3, { picture: blob }])).rejects.toMatchObject(place);
    const { logId } = await events.head('a');
    const saves = await Promise.allSettled([
      snapshots.save({ runId: 'a', atSeq: 1, state: 1 }),
      snapshots.save({ runId: 'a', atSeq: 2, state: 2 }),
      snapshots.save({ runId: 'a', atSeq: 3, state: { blob } }),
    ]);
    expect(saves.map((save) => (save.status === 'rejected' ? save.reason.code : ''))).toEqual([
      '',
      '',
      'not-cloneable',
    ]);
    expect(await snapshots.loadLatest('a')).toMatchObject({ atSeq: 2, state: 2 });
    const compaction = events.compact('a', { atSeq: 2, logId, version: 1, state: { blob } });
    await expect(compaction).rejects.toMatchObject({
      code: 'not-cloneable',
      message: expect.stringContaining('state.blob '),
    });
    expect(await events.base('a')).toBeUndefined();
    // Without a codec it is stored as ever.
    expect((await open().events.append('a', [{ blob }])).seq).toBe(5);
  });

  test('of an event that nobody changes, the place is named, too', async () => {
    const { events } = open(compress());
    const bad = [1, { onEnd: () => {} }];
    for (const immutable of [true, false])
      for (const expectedHead of [undefined, 0])
        await expect(events.append('a', bad, { immutable, expectedHead })).rejects.toMatchObject({
          code: 'not-cloneable',
          message: expect.stringContaining('events[1].onEnd '),
        });
  });

  const broken: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('no key yet');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no key yet');
      },
    ],
    ['gives nothing', () => undefined],
    ['gives an ArrayBuffer', () => new ArrayBuffer(8)],
    ['gives an array', () => [1, 2]],
  ];
  test.each(broken)('a codec that %s writes nothing', async (_, encode) => {
    const codec = { id: 'broken', encode, decode: () => {} } as unknown as Codec;
    const { events, snapshots } = open(codec);
    await open().events.append('a', [1, 2]);
    const stored = [await records(), await records('snapshots')];
    const error = { code: 'not-cloneable', cause: expect.any(Error) };
    const { logId } = await events.head('a');
    await expect(events.append('a', [3])).rejects.toMatchObject(error);
    await expect(events.append('a', [3], { expectedHead: 2 })).rejects.toMatchObject(error);
    await expect(snapshots.save({ runId: 'a', atSeq: 1, state: 1 })).rejects.toMatchObject(error);
    await expect(events.compact('a', { atSeq: 1, logId, version: 1, state: 1 })).rejects.toMatchObject(error);
    expect([await records(), await records('snapshots')]).toEqual(stored);
  });
});

describe('while a value is encoded', () => {
  test('it stays what it was at the call', async () => {
    const { events, snapshots } = open(jsonCodec().codec);
    const value = { n: 1 };
    const { logId } = await events.append('a', [0]);
    const changedAfter = (write: () => Promise<unknown>) => {
      value.n = 1;
      const writing = write();
      value.n = 2;
      return writing;
    };
    await changedAfter(() => events.append('a', [value]));
    await changedAfter(() => events.append('a', [value], { expectedHead: 2 }));
    await changedAfter(() => snapshots.save({ runId: 'a', atSeq: 1, state: value }));
    expect((await events.scan('a', 2)).events.map(({ event }) => event)).toEqual([{ n: 1 }, { n: 1 }]);
    expect((await snapshots.loadLatest('a'))?.state).toEqual({ n: 1 });
    await changedAfter(() => events.compact('a', { atSeq: 1, logId, version: 1, state: value }));
    expect((await events.base('a'))?.state).toEqual({ n: 1 });
  });

  test('a database that is deleted stays deleted', async () => {
    let at: string | undefined;
    const page = factory.otherPage();
    const { codec } = jsonCodec(async (kind) => {
      if (kind === at) await settled(factory.otherPage().deleteDatabase('rewake'));
    });
    const { events, snapshots } = open(codec, page);
    const writes: [string, () => Promise<unknown>][] = [
      ['events', () => events.append('a', [1])],
      ['events', () => events.append('a', [1], { expectedHead: 1 })],
      ['events', () => events.append('a', [1], { expectedHead: 0 })],
      ['snapshot', () => snapshots.save({ runId: 'a', atSeq: 1, state: 1 })],
      ['base', () => events.compact('a', { atSeq: 1, logId: null, version: 1, state: 1 })],
      ['base', () => events.begin('a', { atSeq: 1, version: 1, state: 1 })],
    ];
    for (const [kind, write] of writes) {
      at = undefined;
      await events.append('a', [1]);
      at = kind;
      await expect(write()).rejects.toMatchObject({ code: 'connection-lost' });
      expect(await factory.databases()).toEqual([]);
    }
  });

  test('a log that grows past a base above its head is not compacted with what was read before', async () => {
    const { events: other } = open();
    const { logId } = await other.append('a', [1]);
    const { codec } = jsonCodec(async (kind) => {
      if (kind === 'base' && (await other.head('a')).seq === 1) await other.append('a', [2, 3, 4]);
    });
    const { events } = open(codec);
    await events.compact('a', { atSeq: 2, logId, version: 1, state: 'two' });
    expect((await events.scan('a', 3)).events.map(({ event }) => event)).toEqual([3, 4]);
    expect((await records()).map(([key, record]) => [key, Object(record).format])).toEqual([
      [['a', 2], 3],
      [['a', 4], 3],
      [['a', [logId]], undefined],
    ]);
  });
});

test('a run with a codec goes on after it was opened again, and is followed, compacted and kept short', async () => {
  const codec = pipe(compress(), encrypt(await newKey()));
  const stores = () => openStores<string, unknown>({ indexedDB: factory.otherPage(), codec });
  const options = { ...definition, snapshotEvery: 5, keepEvents: 4 };
  let state = '';
  for (let life = 0; life < 4; life++) {
    const run = await openRun({ ...options, stores: await stores() });
    expect(run.state).toBe(state);
    for (let n = 1; n <= 12; n++) {
      state = reduce(state, n);
      if (n % 3 === 0) await run.append(n);
      else void run.append(n);
    }
    await run.close();
  }
  const { state: recovered, seq } = await recover({ ...definition, stores: await stores() });
  expect([recovered, seq]).toEqual([state, 48]);
  expect(await (await stores()).events.base('a')).toBeDefined();
  expect((await records()).map(([, record]) => Object(record).format ?? 3)).toEqual(
    Array((await records()).length).fill(3),
  );
});

test('in memory there is nothing at rest, and the codec is not called', async () => {
  const { codec, calls } = jsonCodec();
  factory.instead = () => openRequest('SecurityError');
  const stores = await openStores<string, unknown>({ indexedDB: factory, codec });
  expect(stores.backend).toBe('memory');
  const run = await openRun({ ...definition, stores });
  // JSON would not have it.
  await run.append(7n);
  expect(run.state).toBe(' 7');
  await run.close();
  expect(calls).toEqual([]);
});

test('what is no codec is an invalid-argument', async () => {
  const { codec } = jsonCodec();
  for (const bad of [
    null,
    'gzip',
    {},
    { ...codec, id: '' },
    { ...codec, encode: undefined },
    { ...codec, decode: 1 },
  ]) {
    const options = { indexedDB: factory, codec: bad as Codec };
    await expect(openStores(options)).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(() => new IndexedDbEventStore(options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
    expect(() => new IndexedDbSnapshotStore(options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  }
});

describe.skipIf(!hasHistory).each(['0.1', '0.2'] as const)(
  'the real rewake %s, from the history of the repository',
  (release) => {
    interface Older {
      openStores(options: object): Promise<{
        events: { scan(runId: string, from: number): Promise<unknown> };
        snapshots: { loadLatest(runId: string): Promise<unknown> };
      }>;
      openRun(options: object): Promise<unknown>;
    }

    test('refuses what a codec has encoded as newer-version, and changes nothing', async () => {
      const old = await olderRelease<Older>(release);
      const { events, snapshots } = open(compress());
      const { logId } = await events.append('a', [1, 2]);
      await snapshots.save({ runId: 'a', atSeq: 1, logId, state: 'one' });
      const stored = [await records(), await records('snapshots')];
      const stores = await old.openStores({ indexedDB: factory.otherPage() });
      for (const attempt of [
        () => stores.events.scan('a', 1),
        () => stores.snapshots.loadLatest('a'),
        () => old.openRun({ id: 'a', ...definition, stores }),
      ])
        await expect(attempt()).rejects.toMatchObject({ code: 'newer-version' });
      expect([await records(), await records('snapshots')]).toEqual(stored);
    });
  },
);
