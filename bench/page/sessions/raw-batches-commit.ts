import { openWith } from './raw-batches.ts';
import type { Session } from './session.ts';

/** Asks for the commit together with the write. */
export const open = (runId: string): Promise<Session> => openWith(runId, { commit: true });
