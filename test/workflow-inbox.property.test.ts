import fc from 'fast-check';
import { KernelError, recover } from 'rewake';
import { openWorkflow, type Step, sendEvent, type Workflow } from 'rewake/workflow';
import { expect, test, vi } from 'vitest';
import { inboxOf } from '../src/workflow/inbox.ts';
import { anyJournal, type JournalEvent, type JournalState } from '../src/workflow/journal.ts';
import { crash, deferred, newStores, scene, settle } from './workflow-scene.ts';

// An inbox is folded when the workflow begins anew. Whatever happens meanwhile (a sender that repeats what has landed, a
// former owner that folds late, crashes, thefts): an event whose `sendEvent` resolved is received once, in the order of the
// inbox, and one whose `sendEvent` rejected at most once.

const ROUND = 40;
const INBOX = inboxOf('a');

/** Receives so many, two at once, and begins anew. */
const run = async ({ input }: { input: number }, step: Step): Promise<void> => {
  const wait = () => step.waitForEvent('wait', { type: 'x' });
  for (let count = 0; count < ROUND; count += 2) await Promise.all([wait(), wait()]);
  await step.restart(input + 1);
};

/** Lets the workflow receive what is there. */
async function receiveAll(): Promise<void> {
  const head = async () => (await scene.stores.events.head('a')).seq;
  const first = await head();
  for (let before = -1, now = first; now > before; ) {
    before = now;
    await settle();
    now = await head();
    if (now > first + 20_000) throw new Error('It receives for ever.');
  }
}

/** What was received, in that order, as the journal says. */
async function receipts(): Promise<{ payload: unknown; seq: number }[]> {
  const { events } = await scene.stores.events.scan('a', 1);
  return events.flatMap(({ event }) => {
    const { type, result, eventSeq } = event as Extract<JournalEvent, { type: 'step-succeeded' }>;
    return type === 'step-succeeded' && eventSeq !== undefined
      ? [{ payload: Object(result).payload, seq: eventSeq }]
      : [];
  });
}

const journalState = async (): Promise<JournalState> => {
  // Under this id they hold a journal.
  const stores = scene.stores as unknown as Parameters<
    typeof recover<JournalState, JournalEvent>
  >[0]['stores'];
  return (await recover<JournalState, JournalEvent>({ runId: 'a', stores, ...anyJournal })).state;
};

/** As IndexedDB does, they no longer know who has appended what was compacted. */
function newForgetfulStores(): typeof scene.stores {
  const stores = newStores();
  const { events } = stores;
  const append = events.append.bind(events);
  events.append = async (runId, batch, options = {}) => {
    const base = await events.base(runId);
    if (base && options.expectedHead !== undefined && options.expectedHead < base.atSeq)
      throw new KernelError('conflict', 'injected', { operation: 'append' });
    return append(runId, batch, options);
  };
  return stores;
}

const send = (payload: number) => sendEvent({ runId: 'a', type: 'x', payload, stores: scene.stores });

const fault = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 150 }) }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'receive' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'settle' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'lose the answer' as const }) },
  { weight: 4, arbitrary: fc.constant({ do: 'freeze the next send' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'freeze the next fold' as const }) },
  fc.constant({ do: 'thaw' as const }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('steal' as const), page: fc.nat({ max: 1 }) }) },
  fc.constant({ do: 'crash' as const }),
);

test('whatever happens, each event is received once', { timeout: 100_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 300),
      fc.array(fault, { minLength: 5, maxLength: 25 }),
      async (early, faults) => {
        scene.stores = newForgetfulStores();
        let next = 0;
        const sent = new Set<number>();
        const doubtful = new Set<number>();
        const thaws: (() => void)[] = [];
        const sending: Promise<void>[] = [];
        let pages: (Workflow<void> | undefined)[] = [undefined, undefined];

        const sendNext = () => {
          const payload = next++;
          return send(payload).then(
            () => void sent.add(payload),
            (error: KernelError) => {
              if (error.code !== 'connection-lost') throw error;
              doubtful.add(payload);
            },
          );
        };
        const openPage = async (page: number, ifOwned: 'fail' | 'steal') => {
          const flow = await openWorkflow({
            runId: 'a',
            stores: scene.stores,
            ifOwned,
            input: 0,
            run,
            onError() {},
          });
          pages[page] = flow;
        };
        /** A thief whose victim still appends waits a moment before it tries again. */
        const steal = async (page: number) => {
          let isOpen = false;
          const opening = openPage(page, 'steal').then(() => {
            isOpen = true;
          });
          for (await settle(); !isOpen; await settle()) await vi.advanceTimersByTimeAsync(1_000);
          await opening;
        };
        const frozen = () => {
          const gate = deferred();
          thaws.push(gate.resolve);
          return gate.promise;
        };
        const thaw = async () => {
          for (const resolve of thaws.splice(0)) resolve();
          await settle();
        };

        // So many that the first round ends with a fold.
        for (let count = 0; count < early; count++) await sendNext();
        await openPage(0, 'fail');
        for (const fault of faults) {
          const { events } = scene.stores;
          const append = events.append.bind(events);
          const compact = events.compact.bind(events);
          if (fault.do === 'send') for (let count = 0; count < fault.count; count++) await sendNext();
          else if (fault.do === 'settle') await settle();
          else if (fault.do === 'receive') await receiveAll();
          else if (fault.do === 'lose the answer' || fault.do === 'freeze the next send') {
            const freezes = fault.do === 'freeze the next send';
            const landing = deferred();
            events.append = async (...args) => {
              if (args[0] !== INBOX) return append(...args);
              events.append = append;
              await append(...args);
              landing.resolve();
              if (freezes) await frozen();
              throw new KernelError('connection-lost', 'injected', { operation: 'append' });
            };
            sending.push(sendNext());
            await landing.promise;
          } else if (fault.do === 'freeze the next fold') {
            events.compact = async (...args) => {
              events.compact = compact;
              await frozen();
              return compact(...args);
            };
          } else if (fault.do === 'thaw') await thaw();
          else if (fault.do === 'steal') {
            await steal(fault.page);
          } else {
            // Who sends is in another tab, which does not crash: its answers come first.
            await thaw();
            await Promise.all(sending);
            await crash();
            pages = [undefined, undefined];
            await openPage(0, 'fail');
          }
        }
        await thaw();
        await Promise.all(sending);
        await crash();
        pages = [undefined, undefined];
        await openPage(0, 'fail');
        for (let count = 0; count < ROUND; count++) await sendNext();
        await receiveAll();
        await vi.advanceTimersByTimeAsync(60_000);
        await receiveAll();

        const received = await receipts();
        const payloads = received.map(({ payload }) => payload);
        expect(payloads.filter((payload, index) => payloads.indexOf(payload) !== index)).toEqual([]);
        const missing = [...sent].filter((payload) => !payloads.includes(payload));
        // The last round may not be complete.
        expect(missing.length).toBeLessThan(ROUND);
        expect(missing).toEqual([...sent].sort((a, b) => a - b).slice(sent.size - missing.length));
        const seqs = received.map(({ seq }) => seq);
        expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
        for (const page of pages) await page?.close();
      },
    ),
    { numRuns: 20 },
  );
});

const open = async (ifOwned: 'fail' | 'steal') => {
  const flow = await openWorkflow({ runId: 'a', stores: scene.stores, ifOwned, input: 0, run, onError() {} });
  scene.open.push(flow);
};

const sendMany = async (from: number, to: number) => {
  for (let payload = from; payload < to; payload++) await send(payload);
};

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

test('who repeats what has landed and was folded since is told that it was sent or not', async () => {
  scene.stores = newForgetfulStores();
  await open('fail');
  const { events } = scene.stores;
  const append = events.append.bind(events);
  const thaw = deferred();
  const landed = deferred();
  events.append = async (...args) => {
    events.append = append;
    await append(...args);
    landed.resolve();
    await thaw.promise;
    throw new KernelError('connection-lost', 'injected', { operation: 'append' });
  };
  const frozen = send(0);
  await landed.promise;
  for (let sent = 1; sent < 400; sent += ROUND) {
    await sendMany(sent, sent + ROUND);
    await receiveAll();
  }
  expect(await events.base(INBOX)).toBeDefined();
  thaw.resolve();
  await expect(frozen).rejects.toMatchObject({ code: 'connection-lost', operation: 'sendEvent' });
  await crash();
  await open('fail');
  await receiveAll();
  const payloads = (await receipts()).map(({ payload }) => payload);
  expect(payloads).toEqual(numbers(payloads.length));
});

test('a former owner that folds late brings nothing back', async () => {
  const { events } = scene.stores;
  const compact = events.compact.bind(events);
  const thaw = deferred();
  const held = deferred<{ late: Promise<void> }>();
  events.compact = (...args) => {
    events.compact = compact;
    const late = thaw.promise.then(() => compact(...args));
    held.resolve({ late });
    return late;
  };
  // It folds when it has received one round of them.
  await sendMany(0, 10 * ROUND);
  await open('fail');
  const { late } = await held.promise;
  await open('steal');
  await receiveAll();
  const base = await events.base(INBOX);
  thaw.resolve();
  await expect(late).rejects.toMatchObject({ code: 'newer-version' });
  expect(await events.base(INBOX)).toEqual(base);
  await crash();
  await open('fail');
  await receiveAll();
  expect((await receipts()).map(({ payload }) => payload)).toEqual(numbers(10 * ROUND));
});

test('an inbox, and what is remembered of it, does not grow with what was received', async () => {
  await sendEvent({ runId: 'a', type: 'later', payload: 'kept', stores: scene.stores });
  await open('fail');
  for (let sent = 0; sent < 30 * ROUND; sent += ROUND) {
    await sendMany(sent, sent + ROUND);
    await receiveAll();
  }
  expect((await receipts()).map(({ payload }) => payload)).toEqual(numbers(30 * ROUND));
  const { seq } = await scene.stores.events.head(INBOX);
  const base = await scene.stores.events.base(INBOX);
  expect(seq).toBe(30 * ROUND + 1);
  expect(seq - (base?.atSeq ?? 0)).toBeLessThan(400);
  expect(Object(base?.state).events.flat()).toMatchObject([{ seq: 1, type: 'later', payload: 'kept' }]);
  expect((await journalState()).received.flat().length).toBeLessThan(500);
});
