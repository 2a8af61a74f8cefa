export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length - 1 - middle];
  if (upper === undefined || lower === undefined) throw new Error('There is no median of nothing.');
  return (lower + upper) / 2;
}

/** The median of the ratios round by round: what disturbs a round hurts both sides of its ratio. */
export function medianRatio(above: readonly number[], below: readonly number[]): number {
  if (above.length !== below.length) throw new Error('They are not of the same rounds.');
  return median(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}

/** The subjects in another order in each round, so that none always comes after the same one. */
export function rotated<T>(subjects: readonly T[], round: number): T[] {
  const first = round % subjects.length;
  return [...subjects.slice(first), ...subjects.slice(0, first)];
}
