import { expect, type Page, test } from '@playwright/test';
import { blankUrl } from '../servers.ts';
import { type FaultWindow, tab } from './tab.ts';

// Values and names as only a browser has them.

declare const window: FaultWindow;

/** What of a browser's own things cannot be stored: in every engine, or in some although they can be cloned. */
const things = (page: Page) =>
  page.evaluateHandle(
    async (elsewhere) => {
      const frame = document.createElement('iframe');
      frame.src = elsewhere;
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      document.body.append(frame);
      await loaded;
      const detached = new ArrayBuffer(8);
      structuredClone(detached, { transfer: [detached] });
      const canvas = new OffscreenCanvas(1, 1);
      canvas.getContext('2d');
      return {
        never: {
          element: document.body,
          frameOfAnotherOrigin: frame.contentWindow,
          port: new MessageChannel().port1,
          canvas,
          stream: new ReadableStream(),
          event: new Event('click'),
          signal: new AbortController().signal,
          storage: localStorage,
          detached,
        },
        cloneable: {
          program: new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
          video: new VideoFrame(canvas, { timestamp: 0 }),
        },
      };
    },
    blankUrl.replace('localhost', '127.0.0.1'),
  );

for (const [what, kind] of [
  ['things of a browser that cannot be cloned (an element, a frame of another origin, a port, …)', 'never'],
  [
    'things of a browser that can be cloned but not stored (a WebAssembly module, a video frame)',
    'cloneable',
  ],
] as const) {
  test(`${what}: not-cloneable names the place, and nothing is changed`, async ({ context }) => {
    const page = await tab(context);
    const { told, places, after } = await page.evaluate(
      async ({ things, kind }) => {
        const { events, snapshots } = await window.page.openStores();
        const message = (call: Promise<unknown>) =>
          call.then(
            () => 'It was stored.',
            (error) => `${error.code}: ${error.message}`,
          );
        const told = [];
        const places = [];
        for (const [name, thing] of Object.entries(things[kind])) {
          const state = { items: ['good', { [name]: thing }] };
          told.push(await message(snapshots.save({ runId: 'a', atSeq: 1, state })));
          places.push(`not-cloneable: Run "a", save: state.items[1].${name} `);
          told.push(await message(events.append('a', ['good', { [name]: thing }])));
          places.push(`not-cloneable: Run "a", append: events[1].${name} `);
        }
        return { told, places, after: [(await events.head('a')).seq, await snapshots.loadLatest('a')] };
      },
      { things: await things(page), kind },
    );
    expect(told.map((message, index) => message.slice(0, places[index]?.length))).toEqual(places);
    expect(after).toEqual([0, undefined]);
  });
}

test('run ids with lone surrogates, NUL, an emoji, 10,000 characters, __proto__: each run has its own lock, log and snapshot', async ({
  context,
}) => {
  const page = await tab(context);
  const [seen, expected] = await page.evaluate(async () => {
    const { rewake, list } = window.page;
    const long = 'x'.repeat(9_999);
    const names = ['\ud800', '\ud801', '\udc00', '\ufffd', 'a', 'a\0', 'a\0b', '\u{1F98A}', '__proto__'];
    const ids = [...names, `${long}y`, `${long}z`];
    const seen = [];
    // All of them are open at once.
    for (const id of ids) {
      const run = await rewake.openRun({ ...list, runId: id, ifOwned: 'fail' });
      await run.append(id);
      await run.snapshot();
    }
    const { events, snapshots } = await window.page.openStores();
    for (const id of ids) {
      const page = await events.scan(id, 1);
      const snapshot = await snapshots.loadLatest(id);
      seen.push([page.events, snapshot?.runId, snapshot?.state, snapshot?.logId === page.logId]);
    }
    const expected = ids.map((id) => [[{ seq: 1, event: id, version: 1 }], id, [id], true]);
    // As text that keeps lone surrogates apart on the way here.
    return [seen, expected].map((value) => JSON.stringify(value));
  });
  expect(seen).toBe(expected);
});

test('databases and runs whose names put together look alike: each run has its own lock', async ({
  context,
}) => {
  const page = await tab(context);
  const outcomes = await page.evaluate(async () => {
    const { rewake, outcome, list } = window.page;
    const outcomes = [];
    for (const [databaseName, id] of [
      ['a b', 'c'],
      ['a', 'b c'],
    ] as const) {
      const stores = await rewake.openStores<readonly unknown[], unknown>({ databaseName });
      const run = rewake.openRun({ ...list, runId: id, stores, ifOwned: 'fail' });
      outcomes.push(await outcome(run.then((run) => run.append(1))));
    }
    return outcomes;
  });
  expect(outcomes).toEqual([{ value: 1 }, { value: 1 }]);
});
