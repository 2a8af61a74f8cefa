import { deleteRun, followRun, InMemoryEventStore, InMemorySnapshotStore, openRun } from 'rewake';
import { showInReduxDevTools } from 'rewake/inspector';
import { afterEach, expect, test, vi } from 'vitest';

type Event = { readonly type: 'added'; readonly amount: number | bigint } | number;

const definition = () => ({
  runId: 'sum',
  initialState: { sum: 0 },
  reduce: ({ sum }: { sum: number }, event: Event) => ({
    sum: sum + Number(typeof event === 'number' ? event : event.amount),
  }),
  stores: {
    snapshots: new InMemorySnapshotStore<{ sum: number }>(),
    events: new InMemoryEventStore<Event>(),
  },
});

const added = (amount: number | bigint): Event => ({ type: 'added', amount });

/** The extension as its documentation has it (docs/API/Methods.md): what is given to it leaves the page as text. */
function extension() {
  type Message = { readonly type: string; readonly payload?: object; readonly state?: string };
  type Options = {
    readonly name?: string;
    readonly features?: { readonly [name: string]: boolean };
    readonly serialize?: { readonly replacer?: (key: string, value: unknown) => unknown };
  };
  const shown: string[] = [];
  const listeners = new Set<(message: Message) => void>();
  let options: Options = {};
  const text = (value: unknown) => JSON.stringify(value, options.serialize?.replacer);
  const connect = vi.fn((given: Options) => {
    options = given;
    return {
      init: (state: unknown) => void shown.push(text(state)),
      send(action: { type: string; events: { seq: number; event: unknown }[] }, state: unknown) {
        if (!action.type) throw new Error('an action without a type');
        const events = action.events.map(({ seq, event }) => `${seq} ${text(Object(event).amount ?? event)}`);
        shown.push(`${action.type} (${events.join()}) ${text(state)}`);
      },
      error: () => {},
      subscribe(listener: (message: Message) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      unsubscribe: () => listeners.clear(),
    };
  });
  vi.stubGlobal('__REDUX_DEVTOOLS_EXTENSION__', { connect });
  return {
    shown,
    connect,
    dispatch(payload: object, state: object) {
      for (const listener of listeners) listener({ type: 'DISPATCH', payload, state: JSON.stringify(state) });
    },
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test('shows each durable event of an owner as an action, with the state after it', async () => {
  const { shown, connect } = extension();
  const run = await openRun({ ...definition() });
  await run.append(added(1));
  const end = showInReduxDevTools(run);
  expect(connect.mock.lastCall?.[0]).toMatchObject({ name: 'sum' });
  expect(shown).toEqual(['{"sum":1}']);
  // They become durable together.
  await Promise.all([run.append(added(2)), run.append(3), run.append(added(4n))]);
  expect(shown.splice(1)).toEqual([
    'added (2 2) {"sum":3}',
    'event (3 3) {"sum":6}',
    'added (4 "4n") {"sum":10}',
  ]);
  await run.appendAll([added(5), added(6)]);
  expect(shown.splice(1)).toEqual(['2 events (5 5,6 6) {"sum":21}']);
  end();
  await run.append(added(7));
  expect(shown).toHaveLength(1);
  await run.close();
});

test('what is not durable yet when it begins is shown when it is', async () => {
  const { shown } = extension();
  const run = await openRun({ ...definition() });
  const appended = [run.append(added(1)), run.append(added(2))];
  showInReduxDevTools(run);
  expect(shown).toEqual(['{"sum":3}']);
  await Promise.all(appended);
  await run.append(added(3));
  expect(shown.slice(1)).toEqual(['2 events (1 1,2 2) {"sum":3}', 'added (3 3) {"sum":6}']);
  await run.close();
});

test('shows what a follower reads, also of a run that was deleted and begun anew', async () => {
  const { shown } = extension();
  const options = definition();
  const owner = await openRun(options);
  await owner.append(added(1));
  const follower = await followRun(options);
  showInReduxDevTools(follower);
  await owner.append(added(2));
  await follower.refresh();
  await owner.append(added(3));
  await owner.append(added(4));
  await follower.refresh();
  expect(shown).toEqual(['{"sum":1}', 'added (2 2) {"sum":3}', '2 events (3 3,4 4) {"sum":10}']);

  // The state that a compaction leaves comes without events; the state of another log must not be found by its seq.
  for (const amount of [5, 6]) await owner.append(added(amount));
  await owner.compact();
  await follower.refresh();
  await owner.close();
  await deleteRun(options);
  await follower.refresh();
  const next = await openRun(options);
  await next.appendAll(Array.from({ length: 6 }, () => added(10)));
  await follower.refresh();
  await next.append(added(10));
  await follower.refresh();
  expect(shown.slice(3)).toEqual([
    '6 events (1 10,2 10,3 10,4 10,5 10,6 10) {"sum":60}',
    'added (7 10) {"sum":70}',
  ]);
  await follower.close();
  await next.close();
});

test('when it ends, it listens to nothing', async () => {
  extension();
  const run = await openRun({ ...definition() });
  const ended = [vi.fn(), vi.fn()] as const;
  showInReduxDevTools({ ...run, subscribe: () => ended[0], onEvent: () => ended[1] })();
  for (const one of ended) expect(one).toHaveBeenCalledTimes(1);
  await run.close();
});

test('nothing that is done in DevTools reaches the run', async () => {
  const { dispatch, connect } = extension();
  const options = definition();
  const run = await openRun(options);
  showInReduxDevTools(run);
  await run.append(added(1));
  await run.append(added(2));
  for (const type of [
    'JUMP_TO_STATE',
    'JUMP_TO_ACTION',
    'ROLLBACK',
    'RESET',
    'IMPORT_STATE',
    'TOGGLE_ACTION',
  ])
    dispatch({ type, actionId: 1, index: 1 }, { sum: 1 });
  expect(run.state).toEqual({ sum: 3 });
  expect(await run.append(added(3))).toBe(3);
  expect((await options.stores.events.scan('sum', 1)).events).toHaveLength(3);
  // And DevTools does not offer it.
  const { features } = connect.mock.lastCall?.[0] ?? {};
  for (const feature of ['jump', 'skip', 'reorder', 'dispatch', 'import', 'lock', 'persist'])
    expect(features).not.toHaveProperty(feature);
  await run.close();
});

test('without the extension it does nothing, and it refuses what is no run', async () => {
  const run = await openRun({ ...definition() });
  const listen = vi.fn(() => () => {});
  showInReduxDevTools({ ...run, subscribe: listen, onEvent: listen })();
  expect(listen).not.toHaveBeenCalled();
  for (const wrong of [undefined, null, {}, 'sum'])
    expect(() => showInReduxDevTools(wrong as never)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  await run.close();
});
