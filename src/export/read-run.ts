import type { Base, SequencedEvent } from '../contracts/event-store.ts';
import type { Snapshot } from '../contracts/snapshot-store.ts';
import type { RunId } from '../contracts/words.ts';
import { isKernelError } from '../errors/kernel-error.ts';
import { Reason } from '../errors/reason.ts';
import { fromJson } from '../serialization/from-json.ts';
import { joinBytes } from '../serialization/join-bytes.ts';
import { parseJson } from '../serialization/serialize.ts';
import { crc32, FORMAT, FORMAT_VERSION } from './format.ts';

/** A whole exported run. */
export interface ExportedRun {
  readonly runId: RunId;
  /** What the log begins with, if it was compacted. */
  readonly base: Omit<Base, 'logId'> | undefined;
  /** The log after the base, or from seq 1. */
  readonly events: SequencedEvent<unknown>[];
  readonly snapshot: Omit<Snapshot<unknown>, 'runId' | 'logId'> | undefined;
}

/**
 * Reads and checks all of an exported run. Fails with `unreadable` or `newer-version` and the number of the line, or with
 * the stream's own error if that is one of rewake's.
 */
export async function readRun(stream: ReadableStream<Uint8Array>): Promise<ExportedRun> {
  const lines = linesOf(stream);
  let number = 0;
  const next = async () => {
    number++;
    const { value } = await lines.next();
    check(value !== undefined);
    return value;
  };
  try {
    const { runId, seq: head } = headOf((await next()).json);
    const events: SequencedEvent<unknown>[] = [];
    let line = await next();
    const base = Object.hasOwn(line.json, 'base') ? baseOf(line.json, head) : undefined;
    if (base) line = await next();
    for (let seq = (base?.atSeq ?? 0) + 1; seq <= head; seq++) {
      events.push(eventOf(line.json, seq));
      line = await next();
    }
    const snapshot = Object.hasOwn(line.json, 'snapshot') ? snapshotOf(line.json, head) : undefined;
    if (snapshot) line = await next();
    check(Object(Object(line.json).end).crc32 === line.before);
    number++;
    check((await lines.next()).done === true);
    return { runId, base, events, snapshot };
  } catch (error) {
    if (isKernelError(error)) throw error;
    throw atLine(number, error);
  } finally {
    await lines.return(undefined);
  }
}

function atLine(number: number, error: unknown): Reason {
  const { code, context } = error instanceof Reason ? error : { code: '', context: { cause: error } };
  if (code === 'newer-version') {
    const detail = `a newer release of rewake wrote line ${number} of the stream. Nothing was imported.`;
    return new Reason(code, detail);
  }
  const detail = `line ${number} of the stream is missing or damaged, or rewake did not write it. Nothing was imported.`;
  return new Reason('unreadable', detail, context);
}

function check(isRight: boolean): asserts isRight {
  if (!isRight) throw new Reason('unreadable');
}

const isInteger = (json: unknown, least: number): json is number =>
  Number.isSafeInteger(json) && Number(json) >= least;

function headOf(json: object): { readonly runId: RunId; readonly seq: number } {
  const { format, formatVersion, runId, seq } = Object(json);
  check(format === FORMAT && isInteger(formatVersion, 1));
  if (formatVersion > FORMAT_VERSION) throw new Reason('newer-version');
  check(typeof runId === 'string' && runId !== '' && isInteger(seq, 0));
  return { runId, seq };
}

function eventOf(json: object, seq: number): SequencedEvent<unknown> {
  const { version = 1, event, ...line } = Object(json);
  check(line.seq === seq && isInteger(version, 1) && Object.hasOwn(json, 'event'));
  return { seq, event: fromJson(event), version };
}

const baseOf = (json: object, head: number) => stateOf(Object(json).base, 1, head);
const snapshotOf = (json: object, head: number) => stateOf(Object(json).snapshot, 0, head);

/** A state that is at a seq from `least` to `head`. */
function stateOf(json: unknown, least: number, head: number): NonNullable<ExportedRun['base']> {
  const { atSeq, version = 1, state } = Object(json);
  check(
    isInteger(atSeq, least) && atSeq <= head && isInteger(version, 1) && Object.hasOwn(Object(json), 'state'),
  );
  return { atSeq, version, state: fromJson(state) };
}

/** A line, and the checksum of everything before it. */
interface Line {
  readonly json: object;
  readonly before: number;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Line, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reader = stream.getReader();
  let before = 0;
  let pieces: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      let from = 0;
      for (let to = value.indexOf(NEWLINE); to >= 0; to = value.indexOf(NEWLINE, from)) {
        const bytes = joinBytes([...pieces, value.subarray(from, to + 1)]);
        yield { json: Object(parseJson(decoder.decode(bytes))), before };
        before = crc32(bytes, before);
        pieces = [];
        from = to + 1;
      }
      if (from < value.length) pieces.push(value.subarray(from));
    }
    check(pieces.length === 0);
  } finally {
    // If it has ended, this does nothing.
    reader.cancel().catch(() => {});
  }
}

const NEWLINE = 0x0a;
