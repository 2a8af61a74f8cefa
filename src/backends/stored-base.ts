import type { Base, Head } from '../contracts/event-store.ts';
import { Reason, staleBase, staleLog } from '../errors/reason.ts';

/** A base as it is stored: of which log it is, the log itself says. */
export type StoredBase = Omit<Base, 'logId'>;

/** Fails unless `base` may take the place of the present one, and of the events up to it, in the log that ends with `head`. */
export function assertFits(base: Base, head: Head, present: StoredBase | undefined): void {
  if (base.logId !== head.logId) throw staleLog();
  const first = present?.atSeq ?? 0;
  if (base.atSeq > head.seq || base.atSeq < first) throw staleBase(base.atSeq, first, head.seq);
  if (present && present.version > base.version) throw new Reason('newer-version');
}
