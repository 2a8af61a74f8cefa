/** What happens to the page that a run lives in. */
export interface PageLifecycle {
  /** The user looks elsewhere; the page may be ended at any time, without another event. */
  onHidden?(): void;
  /** The page goes into the back/forward cache, where it stands still. */
  onLeave(): void;
  /** It is back from there. */
  onReturn(): void;
}

/** Listens until `signal` is aborted. Without a page, there are none of its events. */
export function watchPage({ onHidden, onLeave, onReturn }: PageLifecycle, signal: AbortSignal): void {
  const listen = globalThis.addEventListener?.bind(globalThis);
  if (!listen) return;
  if (onHidden) listen('visibilitychange', () => document.hidden && onHidden(), { signal });
  listen('pagehide', ({ persisted }) => persisted && onLeave(), { signal });
  listen('pageshow', ({ persisted }) => persisted && onReturn(), { signal });
}
