import * as rewake from '../../src/index.ts';
import { defineInspector, type InspectorElement } from '../../src/inspector/index.ts';
import { NonRetryableError, openWorkflow, sendEvent } from '../../src/workflow/index.ts';

// What the tests of the inspector use in a page, through `window.page`.

interface Item {
  readonly name: string;
  readonly bytes: number;
}

interface Import {
  readonly done: number;
  readonly items: readonly Item[];
  readonly byType: ReadonlyMap<string, number>;
}

type ImportEvent =
  | { readonly type: 'begun'; readonly files: number; readonly at: Date }
  | { readonly type: 'imported'; readonly name: string; readonly bytes: number }
  | { readonly type: 'refused'; readonly name: string; readonly reason: Error }
  | { readonly type: 'noted'; readonly value: unknown };

const importRun: rewake.RunDefinition<Import, ImportEvent> = {
  initialState: { done: 0, items: [], byType: new Map() },
  reduce(state, event) {
    const byType = new Map(state.byType).set(event.type, 1 + (state.byType.get(event.type) ?? 0));
    if (event.type !== 'imported') return { ...state, byType };
    const { name, bytes } = event;
    return { done: state.done + 1, items: [...state.items.slice(-20), { name, bytes }], byType };
  },
};

const counter: rewake.RunDefinition<number, { readonly type: string; readonly n: number }> = {
  initialState: 0,
  reduce: (sum, { n }) => sum + n,
};

const circle: { name: string; self?: unknown } = { name: 'circle' };
circle.self = circle;

/** One of each kind of value that a structured clone can hold. */
const values = {
  map: new Map<unknown, unknown>([
    ['a', 1],
    [{ key: 'object' }, new Set(['x', 'y'])],
  ]),
  date: new Date(Date.UTC(2026, 10, 27, 12)),
  error: new TypeError('Cannot read it.', { cause: new Error('The disk is full.') }),
  bytes: Uint8Array.from({ length: 80 }, (_, at) => (at * 7) % 256),
  big: 12_345_678_901_234_567_890n,
  pattern: /^a+$/gi,
  nothing: [undefined, null, Number.NaN, -0],
  circle,
  markup: '<img src=x onerror="document.title = 1"><b>bold</b>',
  long: 'A line of text.\n'.repeat(20),
  blob: new Blob(['hello'], { type: 'text/plain' }),
};

export const page = {
  rewake,
  run: undefined as rewake.Run<Import, ImportEvent> | undefined,

  async show(attributes: { readonly [name: string]: string } = { fill: '' }): Promise<void> {
    defineInspector();
    const inspector = document.createElement('rewake-inspector');
    for (const [name, value] of Object.entries(attributes)) inspector.setAttribute(name, value);
    inspector.definitions = (runId) => (runId.startsWith('import') ? importRun : undefined);
    document.querySelector('main')?.append(inspector);
    await customElements.whenDefined('rewake-inspector');
  },

  /** In a window of its own, as an application in development would. */
  async detach(): Promise<void> {
    defineInspector();
    const inspector: InspectorElement = document.createElement('rewake-inspector');
    inspector.setAttribute('fill', '');
    inspector.definitions = { 'import-7': importRun };
    window.open('', 'inspector', 'popup,width=900,height=600')?.document.body.append(inspector);
  },

  /** Some events, with a snapshot in the middle. */
  async importSome(runId: string, imported: number): Promise<void> {
    const run = await rewake.openRun({ runId, ...importRun, snapshotEvery: 10 });
    await run.append({ type: 'begun', files: imported, at: new Date(Date.UTC(2026, 10, 27)) });
    for (let n = 1; n <= imported; n++)
      await run.append({
        type: 'imported',
        name: `picture-${n}.jpg`,
        bytes: 40_000 + ((n * 7_919) % 90_000),
      });
    await run.append({ type: 'refused', name: 'notes.txt', reason: new TypeError('It is not a picture.') });
    await run.close();
  },

  /** A run that stays open, and goes on with {@link appendOne}. */
  async open(runId: string): Promise<void> {
    page.run = await rewake.openRun({ runId, ...importRun });
  },

  appendOne: (name: string) => page.run?.append({ type: 'imported', name, bytes: 1 }),

  async noteValues(runId: string): Promise<void> {
    const { events } = await rewake.openStores();
    await events.append(runId, [{ type: 'noted', value: values }]);
  },

  async count(runId: string, events: number): Promise<void> {
    const stores = await rewake.openStores<number, { readonly type: string; readonly n: number }>();
    const batch = Array.from({ length: events }, (_, n) => ({
      type: n % 1_000 === 0 ? 'thousand' : 'one',
      n: n + 1,
    }));
    await stores.events.append(runId, batch);
  },

  async compact(runId: string): Promise<void> {
    const run = await rewake.openRun({ runId, ...counter });
    await run.append({ type: 'one', n: 1 });
    await run.append({ type: 'one', n: 2 });
    await run.compact();
    await run.append({ type: 'one', n: 3 });
    await run.close();
  },

  /** A workflow with a retried step, a sleep, a wait and a step that fails for good. */
  async flow(runId: string): Promise<void> {
    const upload = (file: string, attempt: number) => {
      if (file === 'b.png' && attempt === 1) throw new Error('The network is down.');
      return { url: `https://cdn.example/${file}` };
    };
    const flow = await openWorkflow({
      runId,
      input: { files: ['a.png', 'b.png'] },
      async run({ input }, step) {
        const urls: { url: string }[] = [];
        for (const file of input.files)
          urls.push(
            await step.do('upload', { retries: { limit: 3, delay: 60 } }, ({ attempt }) =>
              upload(file, attempt),
            ),
          );
        await step.sleep('settle', 120);
        const { payload } = await step.waitForEvent('approval', { type: 'approved' });
        await step
          .do('notify', () => {
            throw new NonRetryableError('There is no such address.');
          })
          .catch(() => 'not notified');
        await step.waitForEvent('second approval', { type: 'approved again' });
        return { urls, payload };
      },
    });
    await new Promise<void>((resolve) => {
      const send = flow.subscribe(() => {
        if (!flow.getState().steps.some(({ key }) => key.startsWith('approval'))) return;
        send();
        resolve();
      });
    });
    await sendEvent({ runId, type: 'approved', payload: 'Ann' });
    await new Promise<void>((resolve) => {
      const wait = flow.subscribe(() => {
        if (!flow.getState().steps.some(({ key }) => key.startsWith('second'))) return;
        wait();
        resolve();
      });
    });
    await flow.close();
  },
};

Object.assign(globalThis, { page });
