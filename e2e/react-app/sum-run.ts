import type { RunDefinition } from 'rewake';

export const sumRun: RunDefinition<number, number> = {
  initialState: 0,
  reduce: (sum, event) => sum + event,
};
