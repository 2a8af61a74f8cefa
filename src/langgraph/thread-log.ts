import type { EventStore } from '../contracts/event-store.ts';
import type { LogId, RunId, Seq } from '../contracts/words.ts';
import type { Serialized } from './serialized.ts';

// What is in the log of one namespace of a thread, and where in it.

/** A channel's value as of one version. */
export interface StoredValue {
  readonly channel: string;
  readonly version: string | number;
  /** Missing if the channel is empty. */
  readonly value?: Serialized;
}

/** A checkpoint, with the values of those channels alone that have changed since its parent. */
export interface CheckpointStored {
  readonly type: 'checkpoint';
  readonly id: string;
  readonly parentId?: string;
  /** Without its `channel_values`. */
  readonly checkpoint: Serialized;
  readonly metadata: Serialized;
  readonly values: readonly StoredValue[];
}

/** What one task has written, on top of a checkpoint that may come later. */
export interface WritesStored {
  readonly type: 'writes';
  /** The checkpoint's. */
  readonly id: string;
  readonly taskId: string;
  readonly taskPath: string;
  readonly writes: readonly {
    readonly channel: string;
    readonly index: number;
    readonly value: Serialized;
  }[];
}

export type ThreadEvent = CheckpointStored | WritesStored;

/** Where everything is in the log: small enough for memory and a snapshot, however large the values are. */
export interface ThreadIndex {
  /** Of the last event that is in it. */
  seq: Seq;
  /** The highest id of a checkpoint, which is the latest one; empty if there is none. */
  latest: string;
  readonly checkpoints: Map<string, { readonly seq: Seq; readonly parentId?: string | undefined }>;
  /** By {@link valueKey}. */
  readonly values: Map<string, Seq>;
  /** By the id of the checkpoint. */
  readonly writes: Map<string, Seq[]>;
}

export const emptyIndex = (): ThreadIndex => ({
  seq: 0,
  latest: '',
  checkpoints: new Map(),
  values: new Map(),
  writes: new Map(),
});

export const valueKey = (channel: string, version: string | number): string =>
  JSON.stringify([channel, version]);

/** Changes the index in place: a copy per event would make the replay of a long log quadratic. */
export function indexed(index: ThreadIndex, event: ThreadEvent): ThreadIndex {
  const { id } = event;
  const seq = ++index.seq;
  if (event.type === 'writes') {
    const writes = index.writes.get(id);
    if (writes) writes.push(seq);
    else index.writes.set(id, [seq]);
    return index;
  }
  index.checkpoints.set(id, { seq, parentId: event.parentId });
  for (const { channel, version, value } of event.values)
    if (value) index.values.set(valueKey(channel, version), seq);
  if (id > index.latest) index.latest = id;
  return index;
}

/** What was in a log, and where that log is. */
export interface Reading {
  readonly index: ThreadIndex;
  readonly runId: RunId;
  readonly logId: LogId | null;
  readonly events: Pick<EventStore<ThreadEvent>, 'scan'>;
}

/** Reads single events, each once. */
export class LogReader {
  /** Whether the log was deleted since: then nothing that was read may be used. */
  isGone = false;
  readonly #reading: Reading;
  readonly #read = new Map<Seq, Promise<ThreadEvent | undefined>>();

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  async checkpoint(seq: Seq): Promise<CheckpointStored | undefined> {
    const event = await this.#at(seq);
    return event?.type === 'checkpoint' ? event : undefined;
  }

  async writes(seq: Seq): Promise<WritesStored | undefined> {
    const event = await this.#at(seq);
    return event?.type === 'writes' ? event : undefined;
  }

  #at(seq: Seq): Promise<ThreadEvent | undefined> {
    const reading = this.#read.get(seq) ?? this.#scan(seq);
    this.#read.set(seq, reading);
    return reading;
  }

  async #scan(seq: Seq): Promise<ThreadEvent | undefined> {
    const { runId, logId, events } = this.#reading;
    const page = await events.scan(runId, seq, 1);
    if (page.logId !== logId || page.events.length === 0) this.isGone = true;
    return page.events[0]?.event;
  }
}
