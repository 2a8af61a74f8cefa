import { followRun, InMemoryEventStore, InMemorySnapshotStore, openRun } from 'rewake';

const stores = { snapshots: new InMemorySnapshotStore(), events: new InMemoryEventStore() };
const options = {
  runId: 'a',
  initialState: 0,
  /** @type {import('rewake').Reducer<number, number>} */
  reduce: (sum, add) => sum + add,
  stores,
};
const run = await openRun(options);
const follower = await followRun(options);
await run.append(2);
await follower.refresh();
console.log(follower.state);
