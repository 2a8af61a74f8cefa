import * as against from './against.ts';
import * as editing from './editing.ts';
import * as growth from './growth.ts';
import * as longSession from './long-session.ts';
import * as mirror from './mirror.ts';
import * as snapshots from './snapshots.ts';
import * as workflows from './workflows.ts';

const functions = {
  ...against,
  ...editing,
  ...growth,
  ...longSession,
  ...mirror,
  ...snapshots,
  ...workflows,
};

export type Bench = typeof functions;

declare global {
  /** What the runner calls. */
  var bench: Bench;
}

globalThis.bench = functions;
