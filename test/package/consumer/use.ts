import { KernelError, openStores, recover } from 'rewake';

interface Sum {
  readonly total: number;
}
interface Added {
  readonly amount: number;
}

const { backend, reason, snapshots, events } = await openStores<Sum, Added>();
const { seq: head, logId } = await events.append('sum', [{ amount: 1 }, { amount: 2 }, { amount: 3 }]);
await snapshots.save({ runId: 'sum', atSeq: 2, logId, state: { total: 3 } });

const { state, snapshotSeq } = await recover({
  runId: 'sum',
  snapshots,
  events,
  reduce: ({ total }, { amount }) => ({ total: total + amount }),
  initialState: { total: 0 },
});
const code = reason instanceof KernelError && reason.code;
console.log(JSON.stringify({ backend, code, head, total: state.total, snapshotSeq }));
