import { openStores } from '../backends/open-stores.ts';
import type { Head } from '../contracts/event-store.ts';
import type { RunId } from '../contracts/words.ts';
import { isKernelError, RunError } from '../errors/kernel-error.ts';
import { Reason, withContext } from '../errors/reason.ts';
import { flag, method, nonEmpty, object, optional, type Rule } from '../errors/rules.ts';
import type { RunPlace } from '../run/runs.ts';
import type { Json } from '../serialization/json.ts';
import { toJson } from '../serialization/to-json.ts';
import { crc32, FORMAT, FORMAT_VERSION } from './format.ts';

/** Which run to export. */
export interface ExportOptions extends RunPlace {
  /** Ends the export: the stream errors with `aborted`. Cancelling the stream does it, too. */
  readonly signal?: AbortSignal | undefined;
}

const exportRules: Record<keyof ExportOptions, Rule> = {
  runId: nonEmpty,
  stores: optional(
    object({
      snapshots: object({ loadLatest: method }),
      events: object({ head: method, scan: method, base: method }),
    }),
  ),
  signal: optional(object({ aborted: flag })),
};

/** So many events are read at once: as many as a record of a long batch has. */
const PAGE = 10_000;
/** A chunk of the stream has about so many characters, or one line that is longer. */
const CHUNK = 65_536;

/**
 * A run as a stream of JSON in lines, for a backup, a bug report, or another device: its log up to the head at the first
 * read, from its base on if it was compacted, and its snapshot if that is of this log. It reads as the stream is read, and holds one page of events (10,000)
 * and the snapshot in memory. The owner may go on meanwhile. A run that does not exist gives a log of no events.
 *
 * The stream errors with a {@link RunError}: `conflict` if the run is deleted, begun anew or compacted while it is read,
 * `not-cloneable` if an event holds what is not data (a Blob, a File, a CryptoKey), with the place, `aborted`,
 * `invalid-argument`; and with whatever {@link openStores} and the stores reject with. A snapshot that cannot be
 * read or exported is left out: the run is whole without it.
 *
 * @example
 * const report = await new Response(exportRun({ runId: 'import-7' })).blob();
 * link.href = URL.createObjectURL(report);
 */
export function exportRun(options: ExportOptions): ReadableStream<Uint8Array> {
  const chunks = chunksOf(linesOf(options));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const read = () => chunks.next();
        const { done, value } = await withContext(RunError, 'exportRun', options?.runId, read);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return(undefined);
      },
    },
    // Nothing is read before somebody asks for it.
    { highWaterMark: 0 },
  );
}

async function* linesOf(options: ExportOptions): AsyncGenerator<Json, undefined> {
  object(exportRules)('options', options);
  const { runId, signal } = options;
  const stores = options.stores ?? (await openStores());
  assertWanted(signal);
  // Before the head, so that it is not ahead of that.
  const snapshot = await loadSnapshot(stores, runId);
  const head = await stores.events.head(runId);
  yield { format: FORMAT, formatVersion: FORMAT_VERSION, runId, logId: head.logId, seq: head.seq };
  const base = await stores.events.base(runId);
  if (base && base.logId !== head.logId) throw replaced(head);
  if (base) {
    const { atSeq, version, state } = base;
    yield { base: { atSeq, ...versionField(version), state: toJson(state, 'state') } };
  }
  for (let from = (base?.atSeq ?? 0) + 1; from <= head.seq; from += PAGE) {
    assertWanted(signal);
    const limit = Math.min(PAGE, head.seq - from + 1);
    const { logId, events } = await stores.events.scan(runId, from, limit).catch(unlessCompacted(head));
    if (logId !== head.logId || events.length < limit) throw replaced(head);
    for (const { seq, version, event } of events) {
      assertWanted(signal);
      yield { seq, ...versionField(version), event: toJson(event, `the event ${seq}`) };
    }
  }
  if (snapshot && snapshot.logId === head.logId) yield snapshot.line;
}

function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Reason('aborted', 'the export was given up.', { cause: signal.reason });
}

const versionField = (version = 1) => (version === 1 ? {} : { version });

const replaced = ({ seq }: Head) =>
  new Reason(
    'conflict',
    `its log of ${seq} events was deleted, begun anew or compacted while it was exported. Export it again.`,
  );

const unlessCompacted =
  (head: Head) =>
  (error: unknown): never => {
    throw isKernelError(error, 'compacted') ? replaced(head) : error;
  };

/** The line of the run's snapshot, and the log that it is of; `undefined` if there is none that can be exported. */
async function loadSnapshot({ snapshots }: NonNullable<ExportOptions['stores']>, runId: RunId) {
  try {
    const snapshot = await snapshots.loadLatest(runId);
    if (!snapshot) return undefined;
    const { atSeq, logId = null, version, state } = snapshot;
    return {
      logId,
      line: { snapshot: { atSeq, ...versionField(version), state: toJson(state, 'state') } },
    };
  } catch (error) {
    const isUseless = error instanceof Reason || isKernelError(error, 'unreadable');
    if (isUseless || isKernelError(error, 'newer-version')) return undefined;
    throw error;
  }
}

async function* chunksOf(lines: AsyncIterable<Json>): AsyncGenerator<Uint8Array, undefined> {
  const encoder = new TextEncoder();
  let text = '';
  let crc = 0;
  for await (const line of lines) {
    text += `${JSON.stringify(line)}\n`;
    if (text.length < CHUNK) continue;
    const bytes = encoder.encode(text);
    crc = crc32(bytes, crc);
    text = '';
    yield bytes;
  }
  crc = crc32(encoder.encode(text), crc);
  yield encoder.encode(`${text}${JSON.stringify({ end: { crc32: crc } })}\n`);
}
