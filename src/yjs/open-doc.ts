import { applyUpdate, type Doc, encodeStateAsUpdate, encodeStateVectorFromUpdate, mergeUpdates } from 'yjs';
import { isKernelError, RunError } from '../errors/kernel-error.ts';
import { withContext } from '../errors/reason.ts';
import { method, object } from '../errors/rules.ts';
import { followRun } from '../run/follow-run.ts';
import { openNotices } from '../run/notices.ts';
import { storesFor } from '../run/open-run.ts';
import { reportTo } from '../run/report.ts';
import type { CommonOptions } from '../run/run.ts';
import { added, type Pages } from '../workflow/pages.ts';

type Updates = Pages<Uint8Array>;

/** What {@link openDoc} needs to know. `onError` also hears of a change that could not be stored; the next change tries again. */
export interface DocOptions extends Pick<CommonOptions<Updates, Uint8Array>, 'runId' | 'stores' | 'onError'> {
  /** The document. What it holds that is not stored yet, is stored. */
  readonly doc: Doc;
}

/** A document that is stored, and live in every tab that has it open. All methods are bound. */
export interface StoredDoc extends AsyncDisposable {
  /** Resolves when every change so far is durable. Rejects as {@link EventStore.append} does, and can be called again. */
  readonly saved: () => Promise<void>;
  /** Reads what other tabs have changed, which else happens when they give notice. */
  readonly refresh: () => Promise<void>;
  /** Waits for what was changed, and ends the binding. Never rejects. */
  readonly close: () => Promise<void>;
}

const checkOptions = object({ doc: object({ on: method, off: method, transact: method }) });
/** The update of a document in which there is nothing. */
const EMPTY = new Uint8Array([0, 0]);
/** Opening a document saves a snapshot if so many updates were replayed. */
const SNAPSHOT_EVERY = 500;

/**
 * Binds a Y.Doc to the log of a run. Its updates are the events: any number of tabs append, and a Y.Doc merges what they
 * append in whatever order. Resolves when the document has all that is stored.
 *
 * Rejects as {@link followRun} does.
 *
 * @example
 * const doc = new Doc();
 * const { saved } = await openDoc({ runId: 'notes', doc });
 * doc.getText().insert(0, 'Hello');
 * await saved();
 */
export async function openDoc({ doc, ...options }: DocOptions): Promise<StoredDoc> {
  const { runId, onError } = options;
  await withContext(RunError, 'openDoc', runId, () => checkOptions('options', { doc }));
  const stores = await storesFor<Updates, Uint8Array>(options);
  const run = await followRun<Updates, Uint8Array>({ ...options, stores, initialState: [], reduce: added });
  const report = reportTo(onError, 'openDoc', runId);
  const notices = openNotices(stores, runId);
  const pending: Uint8Array[] = [];
  let saving: Promise<void> | undefined;

  const save = async () => {
    try {
      while (pending.length > 0) {
        const { length } = pending;
        const update = mergeUpdates(pending);
        // Twice in the log, it means the same as once.
        const again = (error: unknown) => {
          if (!isKernelError(error, 'connection-lost')) throw error;
          return stores.events.append(runId, [update]);
        };
        await stores.events.append(runId, [update]).catch(again);
        pending.splice(0, length);
        notices?.postMessage(0);
      }
    } finally {
      saving = undefined;
    }
  };
  const saved = async () => {
    if (pending.length === 0) return;
    saving ??= save();
    await saving;
  };
  const onUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin === run) return;
    pending.push(update);
    if (!saving) saved().catch(report);
  };

  const { seq: atSeq, logId, replayed } = run.recovery;
  const stored = mergeUpdates([EMPTY, ...run.state.flat()]);
  const hasOwn = doc.store.clients.size > 0;
  const own = encodeStateAsUpdate(doc, encodeStateVectorFromUpdate(stored));
  applyUpdate(doc, stored, run);
  run.onEvent(({ event }) => applyUpdate(doc, event, run));
  doc.on('update', onUpdate);
  if (hasOwn) onUpdate(own, doc);
  if (replayed >= SNAPSHOT_EVERY && run.seq === atSeq)
    stores.snapshots.save({ runId, atSeq, logId, state: [[stored]] }).catch(report);

  const close = async () => {
    doc.off('update', onUpdate);
    await saved().catch(report);
    notices?.close();
    await run.close();
  };
  return { saved, refresh: run.refresh, close, [Symbol.asyncDispose]: close };
}
