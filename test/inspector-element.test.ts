// @vitest-environment happy-dom
import { afterEach, describe, expect, test } from 'vitest';
import { InMemoryEventStore, InMemorySnapshotStore, openRun, type RunDefinition } from '../src/index.ts';
import { defineInspector } from '../src/inspector/index.ts';

// The element, without a layout: what it shows of runs in memory, and that it ends with its document.

const sum: RunDefinition<{ readonly sum: number }, unknown> = {
  initialState: { sum: 0 },
  reduce: ({ sum }, event) => ({ sum: sum + Number(Object(event).n) }),
};

const newStores = () => ({
  snapshots: new InMemorySnapshotStore<{ readonly sum: number }>(),
  events: new InMemoryEventStore<unknown>(),
});

async function storesWith(runId: string, ...events: number[]) {
  const stores = newStores();
  await stores.events.append(
    runId,
    events.map((n) => ({ type: 'added', n })),
  );
  return stores;
}

function show(stores: ReturnType<typeof newStores>) {
  const inspector = document.createElement('rewake-inspector');
  inspector.stores = stores;
  inspector.definitions = { sum };
  document.body.append(inspector);
  defineInspector();
  const root = () => inspector.shadowRoot ?? inspector;
  const text = () => root().textContent ?? '';
  const find = (selector: string) => {
    const found = root().querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`There is no ${selector}.`);
    return found;
  };
  const choose = (value: string) => {
    const radio = root().querySelector<HTMLInputElement>(`input[value=${value}]`);
    radio?.click();
  };
  return { inspector, root, text, find, choose };
}

afterEach(() => document.body.replaceChildren());

describe('the element', () => {
  test('shows the first run and its last event, also if its properties were set before it was defined', async () => {
    const { root, text, find, choose } = show(await storesWith('sum', 1, 2, 3));
    await expect.poll(text).toContain('added{ n: 3 }');
    expect(find('.runs [aria-selected=true]').textContent).toContain('sum');
    expect(find('.log [aria-selected=true]').textContent).toBe('3added{ n: 3 }');
    expect(root().querySelectorAll('.log .row')).toHaveLength(3);
    choose('State');
    await expect.poll(() => find('.detail-body').textContent).toContain('sum: 6');
    choose('Changes');
    await expect.poll(() => find('.changes').textContent).toBe('.sum−before:3+after:6');
  });

  test('shows what comes, by notice', async () => {
    const stores = await storesWith('sum', 1);
    const { text, find } = show(stores);
    await expect.poll(text).toContain('added{ n: 1 }');
    const run = await openRun({ runId: 'sum', stores, ...sum });
    await expect.poll(() => find('dl').textContent).toContain('Ownerthis page');
    // In a page that is hidden, it does not look again and again.
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    await run.append({ type: 'added', n: 20 });
    await expect.poll(() => find('.log [aria-selected=true]').textContent).toBe('2added{ n: 20 }');
    Reflect.deleteProperty(document, 'hidden');
    await run.close();
  });

  test('says that there is no run, and shows one as soon as there is', async () => {
    const stores = newStores();
    const { text } = show(stores);
    await expect.poll(text).toContain('No run is stored in this database.');
    await stores.events.append('sum', [{ type: 'added', n: 5 }]);
    await expect.poll(text, { timeout: 5_000 }).toContain('added{ n: 5 }');
  });

  test('is empty when it has left its document, and begins anew when it comes back', async () => {
    const stores = await storesWith('sum', 1);
    const { inspector, text } = show(stores);
    await expect.poll(text).toContain('added{ n: 1 }');
    inspector.remove();
    expect(inspector.shadowRoot?.childElementCount).toBe(0);
    document.body.append(inspector);
    await expect.poll(text).toContain('added{ n: 1 }');
  });
});
