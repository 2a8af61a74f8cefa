import { type Life, newLife, type View } from './life.ts';
import { openRun } from './open-run.ts';
import type { Run, RunOptions } from './run.ts';

/** What {@link openRun} needs to know, without what the view of the run says. */
export type WatchedRunOptions<S, E> = Omit<RunOptions<S, E>, 'signal' | 'onWait'>;

/** It is open: this tab owns it, and may append. */
export interface OpenRun<S, E> {
  readonly status: 'open';
  /** The run. */
  readonly run: Run<S, E>;
  /** Its state, after all events that were appended, durable or not yet. */
  readonly state: S;
}

/** How far a run is, at one moment. */
export type RunView<S, E> = View<OpenRun<S, E>, S>;

export const runLife = <S, E>(options: WatchedRunOptions<S, E>): Life<OpenRun<S, E>, S> =>
  newLife({
    runId: options.runId,
    open: (how) => openRun({ ...options, ...how }),
    show: (run, state) => ({ status: 'open', run, state }),
    ended: ({ closed }) => closed,
  });
