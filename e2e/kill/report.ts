import { recover, type Stores } from '../../src/index.ts';
import {
  ballastOf,
  digestOf,
  type FoundRun,
  type FoundState,
  initialState,
  type NumberedEvent,
  type State,
} from './protocol.ts';
import { reduce } from './work.ts';

/** Everything that the library tells about a run. */
export async function findRun(
  { snapshots, events }: Stores<State, NumberedEvent>,
  runId: string,
): Promise<FoundRun> {
  const base = await events.base(runId);
  const { events: log } = await events.scan(runId, (base?.atSeq ?? 0) + 1);
  const snapshot = await snapshots.loadLatest(runId);
  const { state, ignoredSnapshot, ...recovery } = await recover({
    runId,
    stores: { snapshots, events },
    reduce,
    initialState,
  });
  return {
    runId,
    log: log.map(({ seq, event: { text, ...event } }) => ({ seq, ...event, digest: digestOf(text) })),
    ...(base && { base: { atSeq: base.atSeq, state: foundState(stateOf(base.state)) } }),
    ...(snapshot && { snapshot: { atSeq: snapshot.atSeq, state: foundState(snapshot.state) } }),
    recovery: {
      ...recovery,
      state: foundState(state),
      ...(ignoredSnapshot && { ignored: ignoredSnapshot.reason }),
    },
  };
}

/** What a base holds is this program's own. */
const stateOf = (state: unknown) => state as State;

function foundState({ numbers, text, ballast = '' }: State): FoundState {
  // No text has this digest.
  const digest = ballast === ballastOf(text, ballast.length) ? digestOf(text) : -1;
  return { numbers, digest };
}
