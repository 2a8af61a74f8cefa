import type { Base, Head } from '../contracts/event-store.ts';
import { Reason, staleBase, staleHead, staleLog } from '../errors/reason.ts';
import { capture } from './capture.ts';

/** A base as it is stored: of which log it is, the log itself says. */
export type StoredBase = Omit<Base, 'logId'>;

/** What is stored of a base, with a copy of its state that nobody else holds. */
export const captureBase = ({ atSeq, version, state }: StoredBase): StoredBase => ({
  atSeq,
  version,
  state: capture(state, 'state'),
});

/** What has to be known of the base in whose place another is put. */
type PresentBase = Pick<StoredBase, 'atSeq' | 'version'>;

/** Fails unless `base` may take the place of the present one, and of the events up to it, in the log that ends with `head`. */
export function assertFits(base: Base, head: Head, present: PresentBase | undefined): void {
  if (base.logId !== head.logId) throw staleLog();
  const first = present?.atSeq ?? 0;
  if (base.atSeq > head.seq || base.atSeq < first) throw staleBase(base.atSeq, first, head.seq);
  assertNotNewer(present, base);
}

/** An empty log. */
export const EMPTY: Head = { seq: 0, logId: null };

/** Fails unless `base` may take the place of the log that ends with `head`, and `expected` is that. */
export function assertBegins(
  base: StoredBase,
  expected: Head,
  head: Head,
  present: PresentBase | undefined,
): void {
  if (expected.seq !== head.seq || expected.logId !== head.logId) throw staleHead(expected.seq, head.seq);
  assertNotNewer(present, base);
}

function assertNotNewer(present: PresentBase | undefined, base: StoredBase): void {
  if (present && present.version > base.version) throw new Reason('newer-version');
}
