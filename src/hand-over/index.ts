export { type HandedOver, type HandOverOptions, type HandOverProgress, handOver } from './hand-over.ts';
export { forgetMark, type MarkPlace } from './mark.ts';
export { type Mirror, type MirrorOptions, mirrorRun, restoreRun } from './mirror-run.ts';
