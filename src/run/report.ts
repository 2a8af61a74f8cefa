import type { RunId } from '../contracts/words.ts';
import { type KernelError, RunError } from '../errors/kernel-error.ts';
import { toKernelError } from '../errors/reason.ts';

/** Tells `onReport` of an error. If that throws, the platform is told as of any callback that throws. */
export function reportTo(
  onReport: ((error: KernelError) => void) | undefined,
  operation: string,
  runId: RunId,
): (error: unknown) => void {
  return (error) => {
    try {
      onReport?.(toKernelError(RunError, operation, runId, error));
    } catch (thrown) {
      (globalThis.reportError ?? console.error)(thrown);
    }
  };
}
