import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  getCheckpointId,
  type PendingWrite,
  type SerializerProtocol,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint';
import { RunError } from '../errors/kernel-error.ts';
import { withContext, withContextSync } from '../errors/reason.ts';
import { method, nonEmpty, object, optional } from '../errors/rules.ts';
import { type Config, configOf, type Place, placeOf } from './place.ts';
import { readTuple } from './read-tuple.ts';
import { dump } from './serialized.ts';
import type { Reading } from './thread-log.ts';
import { ThreadLogs, type ThreadLogsOptions, threadLogsRules } from './thread-logs.ts';

/** What {@link RewakeSaver} can be told; see {@link RunOptions}. */
export interface RewakeSaverOptions extends ThreadLogsOptions {
  /** How values become bytes; LangGraph's own serializer by default. */
  readonly serde?: SerializerProtocol | undefined;
}

const checkOptions = object({
  ...threadLogsRules,
  serde: optional(object({ dumpsTyped: method, loadsTyped: method })),
});

/**
 * Keeps LangGraph's checkpoints in rewake's stores, so that an agent in a page, a worker or a Service Worker goes on
 * after a crash. A checkpoint, or what a task has written, is one event: all of it or nothing, and durable when the
 * promise resolves. Of a checkpoint's values, only those are stored that have changed.
 *
 * Each namespace of a thread is a log of its own. Nobody owns it: as with every checkpointer, two tabs that run the
 * same thread at once make two branches of it.
 *
 * Its methods reject with a {@link RunError}: `invalid-argument` if a `thread_id` or `checkpoint_id` is missing,
 * `not-cloneable` if the serializer refuses a value, `unreadable` if it cannot read one; and as {@link openStores} and the
 * stores do.
 *
 * @example
 * const graph = builder.compile({ checkpointer: new RewakeSaver() });
 * await graph.invoke(input, { configurable: { thread_id: 'chat-7' } });
 */
export class RewakeSaver extends BaseCheckpointSaver<number> {
  readonly #logs: ThreadLogs;

  constructor(options: RewakeSaverOptions = {}) {
    withContextSync(RunError, 'RewakeSaver', undefined, () => checkOptions('options', options));
    super(options.serde);
    this.#logs = new ThreadLogs(options);
  }

  /** The checkpoint that `config` names, or the latest one, with its pending writes; `undefined` if there is none. */
  async getTuple(config: Config): Promise<CheckpointTuple | undefined> {
    if (config?.configurable?.thread_id === undefined) return undefined;
    return this.#at('getTuple', config, async (place) => {
      const reading = await this.#logs.read(place.runId);
      return readTuple(reading, this.serde, place, getCheckpointId(config) || reading.index.latest);
    });
  }

  /**
   * The checkpoints that fit, the newest first: those of the thread and the namespace that `config` names, or of all.
   * `filter` compares fields of the metadata with `===`. What is put while they are read is not among them, and neither
   * is what is deleted.
   */
  async *list(config: Config, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { before, limit = Number.POSITIVE_INFINITY, filter } = options;
    const found = await withContext(RunError, 'list', undefined, () => this.#find(config, before));
    let left = limit;
    for (const { place, reading, id } of found) {
      if (left <= 0) return;
      const read = () => readTuple(reading, this.serde, place, id, filter);
      const tuple = await withContext(RunError, 'list', place.runId, read);
      if (!tuple) continue;
      yield tuple;
      left--;
    }
  }

  /** Stores a checkpoint, with the values of the channels in `newVersions`. Resolves when it is durable. */
  put(
    config: Config,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<Config> {
    return this.#at('put', config, async (place) => {
      const { id, channel_values } = checkpoint;
      nonEmpty('checkpoint.id', id);
      const parentId = getCheckpointId(config);
      // All are serialized before the first `await`, so that a later change changes nothing stored.
      const values = Object.entries(newVersions).map(async ([channel, version]) => {
        const value = Object.hasOwn(channel_values, channel) ? channel_values[channel] : undefined;
        return {
          channel,
          version,
          ...(value !== undefined && { value: await dump(this.serde, channel, value) }),
        };
      });
      const [storedCheckpoint, storedMetadata, storedValues] = await Promise.all([
        dump(this.serde, 'checkpoint', { ...checkpoint, channel_values: {} }),
        dump(this.serde, 'metadata', metadata),
        Promise.all(values),
      ]);
      await this.#logs.append(place.runId, {
        type: 'checkpoint',
        id,
        ...(parentId && { parentId }),
        checkpoint: storedCheckpoint,
        metadata: storedMetadata,
        values: storedValues,
      });
      return configOf(place, id);
    });
  }

  /**
   * Stores what a task has written on top of a checkpoint. Resolves when it is durable. What a task has stored there before
   * stays, except for its error and its interrupts, which are replaced.
   */
  putWrites(config: Config, writes: PendingWrite[], taskId: string, taskPath = ''): Promise<void> {
    return this.#at('putWrites', config, async (place) => {
      const id = getCheckpointId(config);
      nonEmpty('config.configurable.checkpoint_id', id);
      nonEmpty('taskId', taskId);
      const values = writes.map(async ([channel, value], index) => ({
        channel,
        index: WRITES_IDX_MAP[channel] ?? index,
        value: await dump(this.serde, channel, value),
      }));
      const stored = await Promise.all(values);
      await this.#logs.append(place.runId, { type: 'writes', id, taskId, taskPath, writes: stored });
    });
  }

  /** Deletes all that is stored of a thread, in all its namespaces. If it fails or crashes midway, call it again. */
  deleteThread(threadId: string): Promise<void> {
    return withContext(RunError, 'deleteThread', undefined, async () => {
      nonEmpty('threadId', threadId);
      const places = await this.#logs.places(({ thread_id }) => thread_id === threadId);
      // The root, whose name is empty, last: while it is there, so is the thread.
      places.sort((a, b) => b.checkpoint_ns.length - a.checkpoint_ns.length);
      for (const { runId } of places) await this.#logs.delete(runId);
    });
  }

  /**
   * A higher number, which no other branch of the thread has for the channel: a value is found by its channel and version.
   * LangGraph's own way would give the values of two branches the same number.
   */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(super.getNextVersion(current)) + Math.random();
  }

  async #at<T>(operation: string, config: Config, work: (place: Place) => Promise<T>): Promise<T> {
    const place = withContextSync(RunError, operation, undefined, () => placeOf(config));
    return withContext(RunError, operation, place.runId, () => work(place));
  }

  async #find(
    config: Config,
    before: Config | undefined,
  ): Promise<{ readonly place: Place; readonly reading: Reading; readonly id: string }[]> {
    const { thread_id, checkpoint_ns } = config?.configurable ?? {};
    const only = getCheckpointId(config ?? {});
    const bound = before ? getCheckpointId(before) : '';
    const places = await this.#logs.places(
      (place) =>
        (thread_id === undefined || place.thread_id === thread_id) &&
        (checkpoint_ns === undefined || place.checkpoint_ns === checkpoint_ns),
    );
    const found = await Promise.all(
      places.map(async (place) => {
        const reading = await this.#logs.read(place.runId);
        return [...reading.index.checkpoints.keys()]
          .filter((id) => (!only || id === only) && (!bound || id < bound))
          .map((id) => ({ place, reading, id }));
      }),
    );
    return found.flat().sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  }
}
