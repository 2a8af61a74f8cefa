import { openStores } from '../backends/open-stores.ts';
import { randomId } from '../backends/random-id.ts';
import type { EventStore } from '../contracts/event-store.ts';
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError, WorkflowError } from '../errors/kernel-error.ts';
import { Reason, withContext } from '../errors/reason.ts';
import { nonEmpty, object, type Rule } from '../errors/rules.ts';
import { type FollowedRun, followRun } from '../run/follow-run.ts';
import { openNotices } from '../run/notices.ts';
import type { RunOptions, RunStores } from '../run/run.ts';
import { OWN_RUNS, placeRules, type RunPlace } from '../run/runs.ts';
import { captureToStore } from './capture-to-store.ts';
import { type Folded, notFolded } from './journal.ts';
import { added, type Pages } from './pages.ts';

/** An event in a workflow's inbox. */
export interface InboxEvent {
  /** Unique: the workflow remembers by it which events it has received. */
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  /** When it was sent. */
  readonly at: number;
}

/** What {@link sendEvent} sends, and to which workflow. */
export interface EventToSend extends RunPlace {
  /** What `step.waitForEvent` waits for. */
  readonly type: string;
  /** Anything that can be stored. */
  readonly payload?: unknown;
}

const eventRules: Record<Exclude<keyof EventToSend, 'payload'>, Rule> = { ...placeRules, type: nonEmpty };

/** The inbox of a workflow is a log of its own, to which anybody may append. */
export const inboxOf = (runId: RunId): RunId => `${OWN_RUNS}inbox:${runId}`;

/** How often an append is tried while the connection is lost each time. */
const TRIES = 4;

/**
 * Sends an event to a workflow, from anywhere: its own tab, another one, a worker or Service Worker; running or not,
 * and even before it has begun. Resolves when the event is durable. One `step.waitForEvent` of this `type` receives it,
 * once; the workflow, if it is open anywhere, hears of it at once.
 *
 * Rejects with `not-cloneable` if the payload cannot be stored, and as {@link openStores} and the stores do. If the
 * connection is lost it tries again, and appends the event once. With `connection-lost`, it was sent or not.
 *
 * @example
 * await sendEvent({ runId: 'import-7', type: 'approved', payload: { by: 'Ann' } });
 */
export function sendEvent(event: EventToSend): Promise<void> {
  return withContext(WorkflowError, 'sendEvent', event?.runId, async () => {
    object(eventRules)('event', event);
    const { runId, type } = event;
    const payload = captureToStore(event.payload, 'payload');
    const stores = event.stores ?? (await openStores());
    const inbox = inboxOf(runId);
    const batch: InboxEvent[] = [{ id: randomId(), type, payload, at: Date.now() }];
    const writer = randomId();
    let head = await stores.events.head(inbox);
    for (let tries = 1; ; ) {
      try {
        await stores.events.append(inbox, batch, { expectedHead: head.seq, logId: head.logId, writer });
        break;
      } catch (error) {
        if (isKernelError(error, 'conflict')) {
          const base = await stores.events.base(inbox);
          // Whether it was this that has landed there, nobody knows any more.
          if (base && base.atSeq > head.seq) throw new Reason('connection-lost', 'it was sent, or not.');
          // Somebody else has sent something meanwhile, and this has not landed.
          head = await stores.events.head(inbox);
        } else if (!isKernelError(error, 'connection-lost') || tries++ === TRIES) throw error;
      }
    }
    const notices = openNotices(stores, inbox);
    notices?.postMessage(0);
    notices?.close();
  });
}

/** What was sent to a workflow, without what was received and folded. */
interface Sent {
  readonly folded: Folded;
  readonly seq: Seq;
  readonly events: Pages<SentEvent>;
}

interface SentEvent extends InboxEvent {
  readonly seq: Seq;
}

/** What was sent to a workflow, read live. */
export type Inbox = FollowedRun<Sent>;

export const openInbox = (
  runId: RunId,
  stores: RunStores<unknown, unknown>,
  onError: RunOptions<unknown, unknown>['onError'],
): Promise<Inbox> =>
  followRun<Sent, InboxEvent>({
    runId: inboxOf(runId),
    // Under this id they hold what `sendEvent` has sent, and what `foldInbox` has made of it.
    stores: stores as RunStores<Sent, InboxEvent>,
    onError,
    initialState: { folded: notFolded, seq: 0, events: [] },
    reduce({ folded, seq: before, events }, event) {
      const seq = before + 1;
      return { folded, seq, events: added(events, { ...event, seq }) };
    },
    // Not the application's, but that of the journal with which it was folded.
    version: Number.MAX_SAFE_INTEGER,
    migrate: (state) => state as Sent,
  });

/** So many of the last events stay in the log, so that an append that is repeated finds what became of it. */
const KEPT = 100;

/**
 * Folds what was received, and that is durable, out of the inbox, if it has become long. `journalSeq` is that of an event
 * after the last receipt. As the base's version it keeps a former owner, which knows of fewer receipts, from bringing an
 * event back.
 */
export async function foldInbox(
  store: EventStore<unknown>,
  { runId, recovery, state: { folded, seq, events } }: Inbox,
  received: ReadonlySet<string>,
  journalSeq: Seq,
): Promise<void> {
  const atSeq = seq - KEPT;
  if (atSeq < folded.seq + KEPT) return;
  const pending = events.flat().filter((event) => event.seq <= atSeq && !received.has(event.id));
  const state: Sent = { folded: { seq: atSeq, journalSeq }, seq: atSeq, events: [pending] };
  await store
    .compact(runId, { atSeq, logId: recovery.logId, version: journalSeq, state })
    .catch((error: unknown) => {
      // Another owner has folded it, or it was deleted.
      if (!isKernelError(error, 'newer-version') && !isKernelError(error, 'conflict')) throw error;
    });
}
