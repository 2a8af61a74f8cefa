import type { RunId } from '../contracts/words.ts';
import { isKernelError, type KernelError } from '../errors/kernel-error.ts';
import { Reason } from '../errors/reason.ts';
import type { Shared } from './notices.ts';
import { own } from './ownership.ts';

/**
 * Owns a run that is not open while `work` is done, which fails by itself once it was taken over if it calls
 * `assertOwned`. Fails with `conflict` if somebody owns it.
 */
export async function whileOwned<T>(
  stores: Shared,
  runId: RunId,
  work: (assertOwned: () => void) => Promise<T>,
): Promise<T> {
  let lost: KernelError | undefined;
  const onLost = (reason: KernelError) => {
    lost = reason;
  };
  const ownership = await own(stores, { runId, mode: 'fail', onLost }).catch((cause: unknown) => {
    if (!isKernelError(cause, 'conflict')) throw cause;
    throw new Reason('conflict', 'somebody owns it. Nothing was written; close it first.', { cause });
  });
  try {
    return await work(() => {
      if (lost) throw lost;
    });
  } finally {
    await ownership.release();
  }
}
