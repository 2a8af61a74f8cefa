import { openWith } from './rewake-run.ts';
import type { Session } from './session.ts';

/** rewake's own default: events strict, snapshots relaxed. */
export const open = (runId: string): Promise<Session> => openWith(runId, {});
