import type { RunId } from '../contracts/words.ts';
import { type AnyKernelError, isKernelError, RunError } from '../errors/kernel-error.ts';
import { toKernelError } from '../errors/reason.ts';

/** Tells `onError`, or the console. If `onError` throws, the platform is told as of any callback that throws. */
export function reportTo(
  onError: ((error: AnyKernelError) => void) | undefined,
  operation: string,
  runId: RunId,
): (error: unknown) => void {
  return (error) => {
    const known = toKernelError(RunError, operation, runId, error);
    try {
      if (!onError) console.warn(known);
      else if (isKernelError(known)) onError(known);
    } catch (thrown) {
      (globalThis.reportError ?? console.error)(thrown);
    }
  };
}
