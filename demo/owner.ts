import { RUN_ID } from './import-run.ts';

export type Owner = 'this tab' | 'another tab' | 'Service Worker' | 'nobody';

/** The Web Lock that rewake holds for whoever owns the run. */
export const RUN_LOCK = `rewake ${JSON.stringify(['rewake', RUN_ID])}`;
/** The Service Worker holds this one, too, so that pages can tell it from a tab. */
export const SERVICE_WORKER_LOCK = 'import in the Service Worker';

/** Who owns the run where this tab does not. */
export async function findOwner(): Promise<Exclude<Owner, 'this tab'>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  const isHeld = (lock: string) => held.some(({ name }) => name === lock);
  if (!isHeld(RUN_LOCK)) return 'nobody';
  return isHeld(SERVICE_WORKER_LOCK) ? 'Service Worker' : 'another tab';
}
