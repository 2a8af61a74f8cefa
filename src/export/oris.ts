import type { Snapshot } from '../contracts/snapshot-store.ts';
import { checkSave } from '../errors/contract-rules.ts';
import { KernelError } from '../errors/kernel-error.ts';
import { Reason, withContextSync } from '../errors/reason.ts';
import { fromJson } from '../serialization/from-json.ts';
import { parseJson } from '../serialization/serialize.ts';
import { toJson } from '../serialization/to-json.ts';

/**
 * A snapshot as the JSON of a `Snapshot` of the Rust crate oris-kernel: `{"run_id":…,"at_seq":…,"state":…}`. A state that
 * JSON cannot hold is in rewake's envelope, which Rust reads as a `serde_json::Value`.
 *
 * Throws `invalid-argument`, and `not-cloneable` with the place.
 *
 * @example
 * const snapshot = await stores.snapshots.loadLatest('import-7');
 * if (snapshot) await fetch('/snapshots', { method: 'PUT', body: snapshotToOris(snapshot) });
 */
export function snapshotToOris(snapshot: Snapshot<unknown>): string {
  return withContextSync(KernelError, 'snapshotToOris', snapshot?.runId, () => {
    checkSave(snapshot, undefined);
    const { runId, atSeq, state } = snapshot;
    return JSON.stringify({ run_id: runId, at_seq: atSeq, state: toJson(state, 'state') });
  });
}

/**
 * The snapshot in the JSON that oris-kernel, or {@link snapshotToOris}, wrote. It names no log: give it the `logId` of the
 * log that it is of, or recovery ignores it.
 *
 * Throws `unreadable` if it is none, or if its `at_seq` is beyond JavaScript's safe integers.
 *
 * @example
 * const { logId } = await stores.events.head('import-7');
 * await stores.snapshots.save({ ...snapshotFromOris(text), logId });
 */
export function snapshotFromOris(text: string): Snapshot<unknown> {
  return withContextSync(KernelError, 'snapshotFromOris', undefined, () => {
    const json = parseJson(text);
    const { run_id: runId, at_seq: atSeq, state } = Object(json);
    const isOne = typeof runId === 'string' && runId !== '' && Number.isSafeInteger(atSeq) && atSeq >= 0;
    if (!isOne || !Object.hasOwn(Object(json), 'state')) throw new Reason('unreadable');
    return { runId, atSeq, state: fromJson(state) };
  });
}
