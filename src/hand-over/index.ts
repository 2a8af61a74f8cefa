export { type HandedOver, type HandOverOptions, type HandOverProgress, handOver } from './hand-over.ts';
export { forgetMark, type MarkPlace } from './mark.ts';
