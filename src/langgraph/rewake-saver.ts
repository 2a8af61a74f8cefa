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
import type { RunId, Seq } from '../contracts/words.ts';
import { isKernelError, RunError } from '../errors/kernel-error.ts';
import { withContext, withContextSync } from '../errors/reason.ts';
import { flag, method, nonEmpty, object, optional, type Rule } from '../errors/rules.ts';
import { catchUp, type RecoverOptions, type Recovery, recover } from '../recovery/recover.ts';
import { storesFor } from '../run/open-run.ts';
import { reportTo } from '../run/report.ts';
import type { CommonOptions, RunOptions, RunStores } from '../run/run.ts';
import { deleteRun } from '../run/runs.ts';
import { type Config, configOf, type Place, parsePlace, placeOf } from './place.ts';
import { type Reading, readTuple } from './read-tuple.ts';
import { dump } from './serialized.ts';
import { emptyIndex, indexed, LogReader, type ThreadEvent, type ThreadIndex } from './thread-log.ts';

/** What {@link RewakeSaver} can be told. */
export interface RewakeSaverOptions
  extends Pick<CommonOptions<unknown, unknown>, 'stores' | 'onError'>,
    Pick<RunOptions<unknown, unknown>, 'requireDurable'> {
  /** How values become bytes; LangGraph's own serializer by default. */
  readonly serde?: SerializerProtocol | undefined;
}

const checkOptions = object({
  stores: optional(
    object({
      snapshots: object({ loadLatest: method, save: method, delete: method }),
      events: object({ head: method, scan: method, append: method, base: method, runIds: method }),
    }),
  ),
  onError: optional(method),
  requireDurable: optional(flag),
  serde: optional(object({ dumpsTyped: method, loadsTyped: method })),
} satisfies Record<keyof RewakeSaverOptions, Rule>);

/** What is known of a place's log. */
interface Known extends Pick<Recovery<ThreadIndex>, 'state' | 'seq' | 'logId'> {
  /** The `atSeq` of the snapshot that is stored of it, as far as this saver knows. */
  readonly saved: Seq;
}

/** How often an append is tried while the connection is lost each time. */
const TRIES = 4;
/** The index of so many events is in no snapshot: they are read again when it is needed. */
const SNAPSHOT_EVERY = 500;
/** So many indexes stay in memory. */
const KNOWN = 100;

/**
 * Keeps LangGraph's checkpoints in rewake's stores, so that an agent in a page, a worker or a Service Worker goes on
 * after a crash. A checkpoint or a task's writes are one event, all of it or nothing, and durable when the promise
 * resolves. Only those channels are stored that have changed.
 *
 * Each namespace of a thread is a log of its own. Nobody owns it: as with every checkpointer, two tabs that run the
 * same thread at once make two branches of it.
 *
 * Its methods reject with a {@link RunError}: `invalid-argument` if a `thread_id` or id is missing, `not-cloneable` if the
 * serializer refuses a value, `unreadable` if it cannot read one; and as {@link openStores} and the stores do.
 *
 * @example
 * const graph = builder.compile({ checkpointer: new RewakeSaver() });
 * await graph.invoke(input, { configurable: { thread_id: 'chat-7' } });
 */
export class RewakeSaver extends BaseCheckpointSaver<number> {
  readonly #options: RewakeSaverOptions;
  #opening: Promise<RunStores<ThreadIndex, ThreadEvent>> | undefined;
  /** Of each log the last reading. The next one waits for it: they change the same index. */
  readonly #known = new Map<RunId, Promise<Known>>();

  constructor(options: RewakeSaverOptions = {}) {
    withContextSync(RunError, 'RewakeSaver', undefined, () => checkOptions('options', options));
    super(options.serde);
    this.#options = options;
  }

  /** The checkpoint that `config` names, or the latest one, with its pending writes; `undefined` if there is none. */
  getTuple(config: Config): Promise<CheckpointTuple | undefined> {
    return withContext(RunError, 'getTuple', undefined, async () => {
      if (config.configurable?.thread_id === undefined) return undefined;
      const place = placeOf(config);
      const known = await this.#read(place.runId);
      return readTuple(await this.#reading(place, known), getCheckpointId(config) || known.state.latest);
    });
  }

  /**
   * The checkpoints that fit, the newest first: of the thread and the namespace that `config` names, or of all. `filter`
   * compares fields of the metadata with `===`. What is put meanwhile is not among them; a thread that is deleted
   * meanwhile ends.
   */
  async *list(config: Config, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { before, limit = Number.POSITIVE_INFINITY, filter = {} } = options;
    const inList = <T>(work: () => Promise<T>) => withContext(RunError, 'list', undefined, work);
    let left = limit;
    for (const { place, known, id } of await inList(() => this.#find(config, before))) {
      if (left <= 0) return;
      const tuple = await inList(async () => readTuple(await this.#reading(place, known), id, filter));
      if (!tuple) continue;
      yield tuple;
      left--;
    }
  }

  /** Stores a checkpoint, and of its values those of the channels in `newVersions`. Resolves when it is durable. */
  put(
    config: Config,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<Config> {
    return withContext(RunError, 'put', undefined, async () => {
      const place = placeOf(config);
      const { channel_values, ...rest } = checkpoint;
      const { id } = checkpoint;
      nonEmpty('checkpoint.id', id);
      const values = Object.entries(newVersions).map(async ([channel, version]) => {
        const isEmpty = !Object.hasOwn(channel_values, channel) || channel_values[channel] === undefined;
        if (isEmpty) return { channel, version };
        return { channel, version, value: await dump(this.serde, channel, channel_values[channel]) };
      });
      const parentId = getCheckpointId(config);
      // All are called before the first is awaited, so that a later change of a value changes nothing stored.
      const [storedCheckpoint, storedMetadata, storedValues] = await Promise.all([
        dump(this.serde, 'checkpoint', { ...rest, channel_values: {} }),
        dump(this.serde, 'metadata', metadata),
        Promise.all(values),
      ]);
      await this.#append(place, {
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

  /** Stores what a task has written on top of a checkpoint. If it was stored before, only once. */
  putWrites(config: Config, writes: PendingWrite[], taskId: string, taskPath = ''): Promise<void> {
    return withContext(RunError, 'putWrites', undefined, async () => {
      const place = placeOf(config);
      const id = getCheckpointId(config);
      nonEmpty('config.configurable.checkpoint_id', id);
      nonEmpty('taskId', taskId);
      const stored = writes.map(async ([channel, value], index) => ({
        channel,
        index: WRITES_IDX_MAP[channel] ?? index,
        value: await dump(this.serde, channel, value),
      }));
      await this.#append(place, { type: 'writes', id, taskId, taskPath, writes: await Promise.all(stored) });
    });
  }

  /** Deletes all that is stored of a thread, in all its namespaces. After a crash midway, call it again. */
  deleteThread(threadId: string): Promise<void> {
    return withContext(RunError, 'deleteThread', undefined, async () => {
      nonEmpty('threadId', threadId);
      const stores = await this.#stores();
      const places = await this.#places(({ thread_id }) => thread_id === threadId);
      // The root last: while it is there, so is the thread.
      places.sort((a, b) => b.checkpoint_ns.length - a.checkpoint_ns.length);
      for (const { runId } of places) {
        await deleteRun({ runId, stores });
        this.#known.delete(runId);
      }
    });
  }

  /**
   * A number that no other branch of the thread has for this channel, because a value is found by its channel and version.
   * By default, two checkpoints with one parent would give the same number to different values.
   */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(super.getNextVersion(current)) + Math.random();
  }

  #stores(): Promise<RunStores<ThreadIndex, ThreadEvent>> {
    const { stores, onError, requireDurable } = this.#options;
    // Under these names they hold what this class has appended.
    const own = stores as RunStores<ThreadIndex, ThreadEvent> | undefined;
    this.#opening ??= storesFor({ runId: 'langgraph', stores: own, onError, requireDurable });
    this.#opening.catch(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #places(fits: (place: Place) => boolean): Promise<Place[]> {
    const { events } = await this.#stores();
    const runIds = await events.runIds();
    return runIds.flatMap((runId) => parsePlace(runId) ?? []).filter(fits);
  }

  /** Appends it, and again if the connection is lost: twice in the log, it means the same as once. */
  async #append({ runId }: Place, event: ThreadEvent): Promise<void> {
    const { events } = await this.#stores();
    for (let tries = 1; ; tries++) {
      try {
        const { seq } = await events.append(runId, [event]);
        // An agent may go on for long without a reading.
        if (seq % SNAPSHOT_EVERY === 0) this.#read(runId).catch(this.#report(runId));
        return;
      } catch (error) {
        if (tries === TRIES || !isKernelError(error, 'connection-lost')) throw error;
      }
    }
  }

  /** What is in the log now. */
  #read(runId: RunId): Promise<Known> {
    const before = this.#known.get(runId);
    const reading = before ? before.then((known) => this.#goOn(runId, known)) : this.#goOn(runId);
    // The last used is the last in the map.
    this.#known.delete(runId);
    this.#known.set(runId, reading);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > KNOWN) this.#known.delete(oldest);
    reading.catch(() => {
      // The index may be half changed.
      if (this.#known.get(runId) === reading) this.#known.delete(runId);
    });
    return reading;
  }

  async #goOn(runId: RunId, before?: Known): Promise<Known> {
    const stores = await this.#stores();
    const options: RecoverOptions<ThreadIndex, ThreadEvent> = {
      runId,
      stores,
      // A new one for each replay, because the reducer changes it.
      get initialState() {
        return emptyIndex();
      },
      reduce: indexed,
    };
    const recovery = before ? (await catchUp(options, before)).recovery : await recover(options);
    const { state, seq, logId, ignoredSnapshot } = recovery;
    const isOther = /^(ahead-of-log|other-log)$/.test(ignoredSnapshot?.reason ?? '');
    // It would stand in the way of the next one.
    if (!before && isOther) await stores.snapshots.delete(runId);
    const saved = before?.logId === logId ? before.saved : before ? 0 : recovery.snapshotSeq;
    if (seq - saved < SNAPSHOT_EVERY) return { state, seq, logId, saved };
    stores.snapshots.save({ runId, atSeq: seq, logId, version: 1, state }).catch((error: unknown) => {
      // Another tab has saved a later one.
      if (!isKernelError(error, 'conflict')) this.#report(runId)(error);
    });
    return { state, seq, logId, saved: seq };
  }

  async #reading(place: Place, { state, logId }: Known): Promise<Reading> {
    const { events } = await this.#stores();
    return { place, index: state, serde: this.serde, log: new LogReader(events, place.runId, logId) };
  }

  #report(runId: RunId): (error: unknown) => void {
    return reportTo(this.#options.onError, 'RewakeSaver', runId);
  }

  async #find(
    config: Config,
    before: Config | undefined,
  ): Promise<{ readonly place: Place; readonly known: Known; readonly id: string }[]> {
    const { thread_id, checkpoint_ns } = config.configurable ?? {};
    const only = getCheckpointId(config);
    const bound = before ? getCheckpointId(before) : '';
    const places = await this.#places(
      (place) =>
        (thread_id === undefined || place.thread_id === thread_id) &&
        (checkpoint_ns === undefined || place.checkpoint_ns === checkpoint_ns),
    );
    const found = await Promise.all(
      places.map(async (place) => {
        const known = await this.#read(place.runId);
        return [...known.state.checkpoints.keys()]
          .filter((id) => (!only || id === only) && (!bound || id < bound))
          .map((id) => ({ place, known, id }));
      }),
    );
    return found.flat().sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  }
}
