import { ownerOf, type RunStores } from 'rewake';
import { RUN_ID, SERVICE_WORKER_LOCK } from './import-run.ts';

export type Owner = 'this tab' | 'another tab' | 'Service Worker' | 'nobody';

/** Who owns the run if this tab does not. */
export async function findOwner(stores: RunStores<unknown, unknown>): Promise<Exclude<Owner, 'this tab'>> {
  if ((await ownerOf({ runId: RUN_ID, stores })) === 'nobody') return 'nobody';
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === SERVICE_WORKER_LOCK) ? 'Service Worker' : 'another tab';
}
