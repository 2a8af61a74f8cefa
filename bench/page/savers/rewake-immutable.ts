import { openWith } from './rewake.ts';
import type { Saver } from './saver.ts';

/** The caller promises not to change what it has passed. */
export const open = (): Promise<Saver> => openWith(true);
