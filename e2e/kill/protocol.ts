// What the page and the test tell each other. Nothing here knows rewake.

/** What a page, or a Service Worker, is to do in one round, until it is killed. */
export interface Plan {
  readonly round: number;
  readonly seed: number;
  readonly durability: 'strict' | 'relaxed';
  /** The runs that it reports on. In this round, nobody else writes to them. */
  readonly runIds: readonly string[];
  /** What it does then, all at the same time. */
  readonly jobs: readonly Job[];
}

/** The work on one run. */
export interface Job {
  readonly runId: string;
  /** The number of its first event. The next job's is far higher. */
  readonly first: number;
  /** `run`: through `openRun` alone; the run is deleted and begun anew now and then. */
  readonly through: 'stores and run' | 'run';
  /** Its log is compacted now and then, by itself or on demand. */
  readonly compacts: boolean;
  /** Another run, which gets a copy of its log now and then, and is written then, too. */
  readonly copy?: Pick<Job, 'runId' | 'first'>;
  /** The run is to be deleted first, and begun anew. */
  readonly discard: boolean;
  /** Many events are large, so that many commits take long enough to be killed in. */
  readonly heavy: boolean;
  /** How many events one call appends at most. */
  readonly largestBatch: number;
  /** How probable it is that a step makes more than one call. */
  readonly bursts: number;
  /** How many calls are made at most until all of them are awaited, or each one, with `oneByOne`. */
  readonly largestBurst: number;
  readonly oneByOne?: boolean;
  /** Every append is followed by a snapshot, and so many letters are added to the state. */
  readonly ballast?: number;
}

/** Events that are appended by one call, so that all of them are there or none. */
export interface Batch {
  readonly runId: string;
  /** The number of its first event; the others follow without gaps. */
  readonly first: number;
  readonly size: number;
  /** How many letters each event carries. */
  readonly letters: number;
  /** Appended with an `expectedHead` that is not the head: it has to be refused. */
  readonly stale?: boolean;
}

/** An event: a number that no other one has, and the batch that it belongs to. */
export interface NumberedEvent {
  readonly number: number;
  readonly batch: number;
  readonly size: number;
  readonly text: string;
}

/** All numbers in their order, and the text of the last event: it tells any two logs apart. */
export interface State {
  readonly numbers: readonly number[];
  readonly text: string;
  /** Makes it large. It is made of the text. */
  readonly ballast?: string;
}

export const initialState: State = { numbers: [], text: '' };

/** As it is reported: texts may be long, so that only their digests are sent. */
export type FoundEvent = Omit<NumberedEvent, 'text'> & {
  readonly seq: number;
  readonly digest: number;
  /** It was compacted: only its number is left, in the base. The rest is what the test knows of that number. */
  readonly folded?: true;
};
export type FoundState = Omit<State, 'text' | 'ballast'> & { readonly digest: number };

/** What the library gives after a kill. */
export interface FoundRun {
  readonly runId: string;
  /** The events after the base; for the checker, those in the base as well. */
  readonly log: readonly FoundEvent[];
  readonly base?: { readonly atSeq: number; readonly state: FoundState };
  readonly snapshot?: { readonly atSeq: number; readonly state: FoundState };
  readonly recovery: {
    readonly state: FoundState;
    readonly seq: number;
    readonly snapshotSeq: number;
    readonly baseSeq: number;
    readonly replayed: number;
    /** Why the snapshot was ignored. */
    readonly ignored?: string;
  };
}

/** What the page tells, each before it goes on with what depends on it. */
export type Note =
  /** The browser has found no database. Chromium says whether it has thrown one away, and why. */
  | { readonly type: 'created'; readonly loss?: string; readonly why?: string }
  /** In each round before it writes. `page` names the page, or Service Worker, as long as it lives. */
  | {
      readonly type: 'report';
      readonly page: string;
      readonly round: number;
      readonly runs: readonly FoundRun[];
    }
  /** Before the calls. */
  | { readonly type: 'attempted'; readonly batches: readonly Batch[] }
  | { readonly type: 'appended'; readonly runId: string; readonly batch: number; readonly head: number }
  | { readonly type: 'refused'; readonly runId: string; readonly batch: number; readonly code: string }
  | { readonly type: 'saved' | 'compacted'; readonly runId: string; readonly atSeq: number }
  | { readonly type: 'compacting'; readonly runId: string }
  | { readonly type: 'deleting' | 'deleted'; readonly runId: string }
  /**
   * Before the run gets the log of another one, `of`, in which these events are. It is to begin with a base at `baseSeq`; if
   * that is not all, the rest follows, so that a kill between the two leaves the base alone.
   */
  | {
      readonly type: 'copying';
      readonly runId: string;
      readonly of: string;
      readonly numbers: readonly number[];
      readonly baseSeq: number;
    }
  | { readonly type: 'copied'; readonly runId: string; readonly head: number }
  /** What must not happen, where nothing is broken. */
  | { readonly type: 'failed'; readonly text: string };

export const textOf = (number: number, letters: number): string =>
  `${number} `.repeat(Math.ceil(letters / 2)).slice(0, letters);

export const ballastOf = (text: string, letters: number): string =>
  `${text} `.repeat(Math.ceil(letters / (text.length + 1))).slice(0, letters);

/** FNV-1a of the text. */
export function digestOf(text: string): number {
  let digest = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    digest = Math.imul(digest ^ text.charCodeAt(index), 0x01000193);
  }
  return digest >>> 0;
}

/** Random numbers that can be had again: the same seeds give the same ones (mulberry32). */
export class Random {
  #state: number;

  constructor(...seeds: readonly number[]) {
    this.#state = digestOf(seeds.join());
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  oneOf<T>(...choices: readonly [T, ...T[]]): T {
    return choices[this.integer(0, choices.length - 1)] ?? choices[0];
  }
}
