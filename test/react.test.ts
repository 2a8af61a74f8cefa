// @vitest-environment happy-dom
import { act, createElement, StrictMode, useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { followRun, InMemoryEventStore, InMemorySnapshotStore, openRun } from 'rewake';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
});

test('useSyncExternalStore(run.subscribe, run.getState) works, in strict mode too', async () => {
  const stores = { snapshots: new InMemorySnapshotStore<number>(), events: new InMemoryEventStore<number>() };
  const options = {
    runId: 'a',
    reduce: (sum: number, event: number) => sum + event,
    initialState: 0,
    stores,
  };
  const run = await openRun(options);
  const follower = await followRun(options);
  let renders = 0;

  function Sum() {
    renders++;
    const own = useSyncExternalStore(run.subscribe, run.getState);
    const followed = useSyncExternalStore(follower.subscribe, follower.getState);
    return `${own}, followed ${followed}`;
  }

  const element = document.createElement('div');
  const root = createRoot(element);
  await act(() => root.render(createElement(StrictMode, null, createElement(Sum))));
  expect(element.textContent).toBe('0, followed 0');

  await act(() => run.appendAll([1, 2]));
  expect(element.textContent).toMatch('3, followed');
  await act(() => follower.refresh());
  expect(element.textContent).toBe('3, followed 3');

  // Nothing has changed, so that nothing is rendered.
  const before = renders;
  await act(() => run.appendAll([]));
  await act(() => follower.refresh());
  expect(renders).toBe(before);

  await act(() => root.unmount());
  await run.append(4);
  expect(element.textContent).toBe('');
  await Promise.all([run.close(), follower.close()]);
});
