import type { RunStores } from 'rewake';
import { HttpEventStore, HttpSnapshotStore } from 'rewake/http';

/** The runs on the server that this page comes from. The page's address ends with the server's token. */
export function storesOnServer<S, E>(signal?: AbortSignal): RunStores<S, E> {
  const headers = { Authorization: `Bearer ${location.hash.slice(1)}` };
  const options = { url: '/rewake', headers, signal };
  return { snapshots: new HttpSnapshotStore<S>(options), events: new HttpEventStore<E>(options) };
}
