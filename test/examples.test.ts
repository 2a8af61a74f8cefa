// @vitest-environment happy-dom
import 'fake-indexeddb/auto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, createElement, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { openRun, openStores, ownerOf } from 'rewake';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { uploadAll } from '../examples/a-run.ts';
import { Wizard } from '../examples/react-wizard.tsx';
import { listen, queue } from '../examples/service-worker-outbox.ts';
import { join as joinNotes } from '../examples/two-tabs.ts';
import { approve, type Message, openAgent, type Turn } from '../examples/workflow-agent.ts';
import { listen as listenToSync, queue as queueMessage } from '../examples/workflow-outbox.ts';

const folder = join(import.meta.dirname, '../examples');

beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** React renders meanwhile. */
async function waitFor(check: () => unknown): Promise<void> {
  for (let tries = 1; ; tries++) {
    await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
    try {
      await check();
      return;
    } catch (error) {
      if (tries === 1_000) throw error;
    }
  }
}

const typesIn = async (runId: string) => {
  const { events } = await openStores<unknown, { type: string }>();
  return (await events.scan(runId, 1)).events.map(({ event }) => event.type);
};

test('an example fits on a screen', () => {
  // The server is several files, with a test of its own.
  const names = readdirSync(folder).filter((name) => name !== 'server');
  expect(names).toHaveLength(6);
  for (const name of names) {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
    expect(lines.length, name).toBeLessThanOrEqual(name.startsWith('workflow-') ? 60 : 40);
  }
});

test('a run: after a failure it goes on with the file that failed', async () => {
  const uploads: string[] = [];
  let broken = true;
  const upload = async (file: string) => {
    uploads.push(file);
    if (file === 'b.png' && broken) throw new Error('no network');
  };
  const files = ['a.png', 'b.png', 'c.png'];
  await expect(uploadAll(files, upload)).rejects.toThrow('no network');
  // Nobody owns it then, and it is in IndexedDB.
  expect(await ownerOf({ runId: 'upload-7' })).toBe('nobody');
  expect(await typesIn('upload-7')).toEqual(['uploaded']);

  broken = false;
  expect(await uploadAll(files, upload)).toEqual(files);
  expect(uploads).toEqual(['a.png', 'b.png', 'b.png', 'c.png']);
  await uploadAll(files, upload);
  expect(uploads).toHaveLength(4);
});

test('the React wizard: it survives, undoes, and lets go of the run in strict mode, too', async () => {
  const element = document.createElement('div');
  document.body.append(element);
  const answerField = () => element.querySelector<HTMLInputElement>('input[name=answer]');
  const undo = () => element.querySelector<HTMLInputElement>('input[type=button]');
  const visit = async () => {
    const root = createRoot(element);
    await act(() => root.render(createElement(StrictMode, null, createElement(Wizard, { runId: 'wizard' }))));
    await waitFor(() => expect(undo()).not.toBeNull());
    return async () => {
      await act(() => root.unmount());
      await waitFor(async () => expect(await ownerOf({ runId: 'wizard' })).toBe('nobody'));
    };
  };
  const answer = async (text: string) => {
    const field = answerField();
    if (field) field.value = text;
    // Of `requestSubmit`, happy-dom makes an event whose submitter React cannot use.
    const submit = new Event('submit', { bubbles: true, cancelable: true });
    await act(async () => element.querySelector('form')?.dispatchEvent(submit));
  };

  let leave = await visit();
  expect(undo()?.disabled).toBe(true);
  expect(answerField()?.getAttribute('aria-label')).toBe('What is your name?');
  await answer('Ann');
  await answer('Berne');
  await waitFor(() => expect(element.textContent).toBe('Ann, Berne'));
  await leave();

  leave = await visit();
  expect(element.textContent).toBe('Ann, Berne');
  await act(async () => undo()?.click());
  expect(answerField()?.getAttribute('aria-label')).toBe('Where do you live?');
  await answer('Basel');
  await waitFor(() => expect(element.textContent).toBe('Ann, Basel'));
  await leave();
  expect(await typesIn('wizard')).toEqual(['answered', 'answered', 'undone', 'answered']);

  leave = await visit();
  vi.spyOn(console, 'warn').mockReturnValue();
  const steal = { runId: 'wizard', initialState: 0, reduce: () => 0, ifOwned: 'steal' } as const;
  const thief = await act(() => openRun<number, unknown>(steal));
  await waitFor(() => expect(element.textContent).toMatch('has taken it over'));
  await act(async () => undo()?.click()); // Go on here
  await waitFor(() => expect(element.textContent).toMatch('Open in another tab'));
  await act(() => thief.close());
  await waitFor(() => expect(element.textContent).toMatch('Ann, Basel'));
  await leave();
});

test('the outbox: the Service Worker sends each message once, and goes on after a failure', async () => {
  const registered: string[] = [];
  const sync = { register: async (tag: string) => void registered.push(tag) };
  vi.stubGlobal('navigator', { serviceWorker: { ready: Promise.resolve({ sync }) } });
  const sent: unknown[] = [];
  let online = false;
  vi.stubGlobal('fetch', async (url: string, { body, headers }: { body: string; headers: object }) => {
    if (!online && body === 'two') throw new TypeError('Failed to fetch');
    sent.push([url, body, Object.keys(headers)]);
    return { ok: true };
  });
  await queue('one');
  await queue('two');
  expect(registered).toEqual(['outbox', 'outbox']);

  const worker = new EventTarget();
  listen(worker);
  const dispatchSync = () =>
    new Promise<void>((resolve, reject) => {
      const waitUntil = (work: Promise<void>) => void work.then(resolve, reject);
      worker.dispatchEvent(Object.assign(new Event('sync'), { tag: 'outbox', waitUntil }));
    });
  await expect(dispatchSync()).rejects.toThrow('Failed to fetch');
  online = true;
  await dispatchSync();
  await dispatchSync();
  const message = (body: string) => ['/messages', body, ['Idempotency-Key']];
  expect(sent).toEqual([message('one'), message('two')]);
  expect(await typesIn('outbox')).toEqual(['queued', 'queued', 'sent', 'sent']);
});

test('two tabs: both show the notes, one writes them, and the other one takes over', async () => {
  for (const method of ['info', 'warn'] as const) vi.spyOn(console, method).mockReturnValue();
  const open = () => {
    const ending = new AbortController();
    const tab = {
      shown: [] as readonly string[],
      append: undefined as ((event: { type: 'noted'; note: string }) => Promise<number>) | undefined,
      note: (note: string) => tab.append?.({ type: 'noted', note }),
      close: () => ending.abort(),
      joined: joinNotes({
        show: (state) => Object.assign(tab, { shown: state }),
        allow: (append) => Object.assign(tab, { append }),
        signal: ending.signal,
      }).catch((error: { code?: string }) => error.code),
    };
    return tab;
  };
  const first = open();
  await waitFor(() => expect(first.append).toBeDefined());
  const second = open();
  await first.note('one');
  for (const tab of [first, second]) await waitFor(() => expect(tab.shown).toEqual(['one']));
  expect(second.append).toBeUndefined();

  first.close();
  expect(await first.joined).toBe('aborted');
  await waitFor(() => expect(second.append).toBeDefined());
  await second.note('two');
  await waitFor(() => expect(second.shown).toEqual(['one', 'two']));

  // Taken away, it waits for the run again.
  const thief = await openRun({ runId: 'notes', initialState: 0, reduce: Number, ifOwned: 'steal' });
  await waitFor(() => expect(second.append).toBeUndefined());
  await thief.close();
  await waitFor(() => expect(second.append).toBeDefined());
  second.close();
  expect(await second.joined).toBe('aborted');
});

test('the workflow outbox: what a page could not send, the Service Worker sends, with the same key', async () => {
  const registered: string[] = [];
  const sync = { register: async (tag: string) => void registered.push(tag) };
  vi.stubGlobal('navigator', { serviceWorker: { ready: Promise.resolve({ sync }) } });
  const sent: string[] = [];
  const keys = new Map<string, Set<string>>();
  let online = false;
  type Sent = { body: string; headers: { 'Idempotency-Key': string } };
  vi.stubGlobal('fetch', async (_: string, { body, headers }: Sent) => {
    keys.set(body, (keys.get(body) ?? new Set()).add(headers['Idempotency-Key']));
    if (!online) throw new TypeError('Failed to fetch');
    sent.push(body);
    return { ok: true };
  });
  const one = await queueMessage('one');
  const two = await queueMessage('two');
  await waitFor(() => expect([one.status, two.status]).toEqual(['waiting', 'waiting']));
  expect(registered).toEqual(['outbox', 'outbox']);
  // The first tab is closed; the second one stays.
  await one.close();

  const worker = new EventTarget();
  listenToSync(worker);
  const dispatchSync = () =>
    new Promise<void>((resolve, reject) => {
      const waitUntil = (work: Promise<void>) => void work.then(resolve, reject);
      worker.dispatchEvent(Object.assign(new Event('sync'), { tag: 'outbox', waitUntil }));
    });
  await expect(dispatchSync()).rejects.toThrow('It could not be sent.');
  online = true;
  await dispatchSync();
  await two.result;
  await dispatchSync();
  expect(sent.sort()).toEqual(['one', 'two']);
  expect([...keys.values()].map(({ size }) => size)).toEqual([1, 1]);
});

test('the agent: it asks once for each turn, waits for the approval, and goes on after a reload', async () => {
  const asked: string[] = [];
  const called: string[] = [];
  const turns: Turn[] = [
    { text: 'I look it up.', call: { tool: 'search', argument: 'weather' } },
    { text: 'I send it.', call: { tool: 'mail', argument: 'ann' } },
    { text: 'Done.' },
  ];
  const tool = (name: string, isDangerous: boolean) => ({
    isDangerous,
    call: async (argument: string) => {
      called.push(`${name} ${argument}`);
      return 'ok';
    },
  });
  const world = {
    ask: async (messages: readonly Message[]) => {
      asked.push(messages.at(-1)?.text ?? '');
      return turns[messages.filter(({ role }) => role === 'assistant').length] as Turn;
    },
    tools: { search: tool('search', false), mail: tool('mail', true) },
  };
  const first = await openAgent('agent-1', 'Tell Ann the weather.', world);
  await waitFor(() => expect(first.status).toBe('waiting'));
  expect(called).toEqual(['search weather']);
  await first.close();
  await approve('agent-1', true);
  const second = await openAgent('agent-1', 'Tell Ann the weather.', world);
  expect(await second.result).toBe('Done.');
  expect(asked).toEqual(['Tell Ann the weather.', 'ok', 'ok']);
  expect(called).toEqual(['search weather', 'mail ann']);
});
