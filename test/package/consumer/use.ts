import { isKernelError, openStores, recover } from 'rewake';

interface Sum {
  readonly total: number;
}
interface Added {
  readonly amount: number;
}

const stores = await openStores<Sum, Added>();
const { backend, snapshots, events } = stores;
const { seq: head, logId } = await events.append('sum', [{ amount: 1 }, { amount: 2 }, { amount: 3 }]);
await snapshots.save({ runId: 'sum', atSeq: 2, logId, state: { total: 3 } });

const { state, snapshotSeq } = await recover({
  runId: 'sum',
  stores,
  reduce: ({ total }, { amount }) => ({ total: total + amount }),
  initialState: { total: 0 },
});
const code = stores.backend === 'memory' && isKernelError(stores.reason, 'unavailable') && stores.reason.code;
console.log(JSON.stringify({ backend, code, head, total: state.total, snapshotSeq }));
