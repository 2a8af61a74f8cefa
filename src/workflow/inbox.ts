import { openStores } from '../backends/open-stores.ts';
import { randomId } from '../backends/random-id.ts';
import type { RunId } from '../contracts/words.ts';
import { isKernelError, WorkflowError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { nonEmpty, object, type Rule } from '../errors/rules.ts';
import { type FollowedRun, followRun } from '../run/follow-run.ts';
import { openNotices } from '../run/notices.ts';
import type { RunOptions, RunStores } from '../run/run.ts';
import { OWN_RUNS, placeRules, type RunPlace } from '../run/runs.ts';
import { captureToStore } from './capture-to-store.ts';
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
 * connection is lost it tries again, and appends the event once.
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
        // Somebody else has sent something meanwhile, and this has not landed.
        if (isKernelError(error, 'conflict')) head = await stores.events.head(inbox);
        else if (!isKernelError(error, 'connection-lost') || tries++ === TRIES) throw error;
      }
    }
    const notices = openNotices(stores, inbox);
    notices?.postMessage(0);
    notices?.close();
  });
}

/**
 * The events that were sent to a workflow, read live: all that were ever sent, so that the index of each is its seq, less
 * one.
 */
export type Inbox = FollowedRun<Pages<InboxEvent>, InboxEvent>;

export const openInbox = (
  runId: RunId,
  stores: RunStores<unknown, unknown>,
  onError: RunOptions<unknown, unknown>['onError'],
): Promise<Inbox> =>
  followRun<Pages<InboxEvent>, InboxEvent>({
    runId: inboxOf(runId),
    // Under this id they hold what `sendEvent` has sent.
    stores: stores as RunStores<Pages<InboxEvent>, InboxEvent>,
    onError,
    initialState: [],
    reduce: added,
  });
