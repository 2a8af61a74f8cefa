import type { Sample } from './samples.ts';
import { median, medianRatio } from './statistics.ts';

/** What rewake has to reach, and whether it has. */
export interface Target {
  readonly what: string;
  /** The largest ratio that is allowed. */
  readonly limit: number;
  /** The median ratio, or of a size the kilobytes. */
  readonly measured: number;
  readonly reached: boolean;
}

type Which = Pick<Sample, 'workload' | 'what' | 'subject'>;

const editing = (what: string, subject: string): Which => ({ workload: 'editing', what, subject });
const snapshots = (what: string, subject: string): Which => ({ workload: 'snapshots', what, subject });
const growth = (what: string): Which => ({ workload: 'growth', what, subject: 'rewake-store' });
const size = (subject: string): Which => ({ workload: 'start-up', what: 'JavaScript, brotli', subject });

const rewake = 'rewake-store';
const total = 'grouped, total';
const withSnapshot = 'recovery with snapshot';
const withoutSnapshot = 'recovery without snapshot';

/** The first divided by the second is at most `limit`; a size has no second. */
const demands: readonly { what: string; of: Which; to?: Which; limit: number }[] = [
  ...['dexie', 'raw-rows'].map((peer) => ({
    what: `editing session (a): 4× faster than ${peer}`,
    of: editing(total, rewake),
    to: editing(total, peer),
    limit: 1 / 4,
  })),
  {
    what: 'editing session (a): within 1.25× of raw-batches',
    of: editing(total, rewake),
    to: editing(total, 'raw-batches'),
    limit: 1.25,
  },
  {
    what: 'editing session (b): within 1.5× of (a)',
    of: editing('typed, total', rewake),
    to: editing(total, rewake),
    limit: 1.5,
  },
  {
    what: 'editing session (b): 30× faster than y-indexeddb',
    of: editing('typed, total', rewake),
    to: editing('typed, total', 'y-indexeddb'),
    limit: 1 / 30,
  },
  {
    what: 'cold recovery with snapshot: 15× faster than dexie without',
    of: editing(withSnapshot, rewake),
    to: editing(withoutSnapshot, 'dexie'),
    limit: 1 / 15,
  },
  {
    what: 'cold recovery with snapshot: within 1.3× of raw-batches',
    of: editing(withSnapshot, rewake),
    to: editing(withSnapshot, 'raw-batches'),
    limit: 1.3,
  },
  {
    what: 'cold recovery without snapshot: within 1.15× of raw-batches',
    of: editing(withoutSnapshot, rewake),
    to: editing(withoutSnapshot, 'raw-batches'),
    limit: 1.15,
  },
  ...['bytes on disk', 'bytes on disk, without the log'].map((what) => ({
    what: `${what}: under half of dexie`,
    of: editing(what, rewake),
    to: editing(what, 'dexie'),
    limit: 1 / 2,
  })),
  ...Object.entries({ '1 kB': 1.5, '100 kB': 1.25, '1 MB': 1.1 }).flatMap(([bytes, limit]) => [
    {
      what: `save ${bytes}: within ${limit}× of idb-keyval`,
      of: snapshots(`save ${bytes}`, 'rewake'),
      to: snapshots(`save ${bytes}`, 'idb-keyval'),
      limit,
    },
    {
      what: `save ${bytes}: faster than dexie`,
      of: snapshots(`save ${bytes}`, 'rewake'),
      to: snapshots(`save ${bytes}`, 'dexie'),
      limit: 1,
    },
  ]),
  ...['1 kB', '100 kB', '1 MB'].map((bytes) => ({
    what: `burst of 200 saves of ${bytes}, not mutated: 10× faster than idb-keyval`,
    of: snapshots(`burst ${bytes}`, 'rewake-immutable'),
    to: snapshots(`burst ${bytes}`, 'idb-keyval'),
    limit: 1 / 10,
  })),
  ...['1 kB', '100 kB', '1 MB', '5 MB'].map((bytes) => ({
    what: `load ${bytes}: within 1.1× of raw`,
    of: snapshots(`load ${bytes}`, 'rewake'),
    to: snapshots(`load ${bytes}`, 'raw'),
    limit: 1.1,
  })),
  ...['1 MB', '5 MB'].map((bytes) => ({
    what: `main thread that a save of ${bytes} blocks: one structured clone`,
    of: snapshots(`save, the call alone ${bytes}`, 'rewake'),
    to: snapshots(`structuredClone ${bytes}`, 'raw'),
    limit: 1,
  })),
  ...['append at', 'recovery at'].map((what) => ({
    what: `${what} 1,000,000 events: within 1.3× of 1,000`,
    of: growth(`${what} 1,000,000 events`),
    to: growth(`${what} 1,000 events`),
    limit: 1.3,
  })),
  ...['append among', 'recovery among'].map((what) => ({
    what: `${what} 10,000 runs: within 1.3× of 10`,
    of: growth(`${what} 10,000 runs`),
    to: growth(`${what} 10 runs`),
    limit: 1.3,
  })),
  { what: 'snapshot store alone: at most 2.5 kB', of: size('rewake, snapshots alone'), limit: 2_500 },
  { what: 'everything in rewake: at most 9 kB', of: size('rewake, everything'), limit: 9_000 },
];

/** The targets of which everything was measured. */
export function targets(samples: readonly Sample[]): Target[] {
  const find = (which: Which) =>
    samples.find(
      ({ workload, what, subject }) =>
        workload === which.workload && what === which.what && subject === which.subject,
    )?.rounds;
  return demands.flatMap(({ what, of, to, limit }) => {
    const above = find(of);
    const below = to && find(to);
    if (!above || (to && !below)) return [];
    const measured = below ? medianRatio(above, below) : median(above);
    return [{ what, limit, measured, reached: measured <= limit }];
  });
}
