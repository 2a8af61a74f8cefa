/** One thing that was measured of one subject, once in each round. */
export interface Sample {
  readonly workload: Workload;
  /** What was done, such as `grouped` or `save 1 kB`. */
  readonly what: string;
  readonly subject: string;
  readonly unit: 'ms' | 'bytes';
  /** The part of the work that was done, where the whole would take too long; `rounds` are scaled up to it. */
  readonly part?: number;
  readonly rounds: readonly number[];
}

export const workloads = ['editing', 'snapshots', 'growth', 'start-up', 'cost'] as const;
export type Workload = (typeof workloads)[number];

type Kind = Omit<Sample, 'rounds'>;

/** Collects what was measured. */
export class Samples {
  readonly #samples = new Map<string, Kind & { readonly rounds: number[] }>();

  add(kind: Kind, value: number): void {
    const key = JSON.stringify([kind.workload, kind.what, kind.subject]);
    const sample = this.#samples.get(key) ?? { ...kind, rounds: [] };
    this.#samples.set(key, sample);
    sample.rounds.push(value);
  }

  all(): Sample[] {
    return [...this.#samples.values()];
  }
}
