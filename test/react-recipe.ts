import { useEffect, useState } from 'react';
import { isKernelError, openRun, type Run, type RunDefinition } from 'rewake';

type Opening<S, E> = { readonly run?: Run<S, E>; readonly isWaiting?: true; readonly error?: unknown };

/** Write `definition` outside of your components, so that it stays the same object. */
export function useRun<S, E>(runId: string, definition: RunDefinition<S, E>): Opening<S, E> {
  const [opening, setOpening] = useState<Opening<S, E>>({});
  useEffect(() => {
    const unmounted = new AbortController();
    const { signal } = unmounted;
    const show = (next: Opening<S, E>) => signal.aborted || setOpening(next);
    const opened = openRun({ runId, ...definition, signal, onWait: () => show({ isWaiting: true }) });
    opened.then(
      (run) => show({ run }),
      (error) => isKernelError(error, 'aborted') || show({ error }),
    );
    return () => {
      unmounted.abort(); // before it is open: gives it up
      opened.then(
        (run) => run.close(), // after it is open: saves a snapshot and lets go of it
        () => {},
      );
      setOpening({});
    };
  }, [runId, definition]);
  return opening;
}
