import { pause } from '../backends/backoff.ts';
import type { EventStore } from '../contracts/event-store.ts';
import type { RunId } from '../contracts/words.ts';
import { etagOf } from './wire.ts';

/** After so many milliseconds of silence, a comment says that the connection lives. Bun.serve cuts it after 10,000. */
const KEEP_ALIVE = 5_000;
/** After so many milliseconds the answer ends, and `authorize` is asked again. */
const LIFE = 300_000;

/** Those who wait for a change of a run, by the store that it is in. */
const listeners = new WeakMap<object, Map<RunId, Set<() => void>>>();

/** Called after a request has changed the run's log. */
export function tellOfChange(events: object, runId: RunId): void {
  for (const listener of listeners.get(events)?.get(runId) ?? []) listener();
}

function listen(events: object, runId: RunId, listener: () => void): () => void {
  const runs = listeners.get(events) ?? new Map<RunId, Set<() => void>>();
  listeners.set(events, runs);
  const ours = runs.get(runId) ?? new Set();
  runs.set(runId, ours.add(listener));
  return () => {
    ours.delete(listener);
    if (ours.size === 0 && runs.get(runId) === ours) runs.delete(runId);
  };
}

interface CommitsOptions {
  /** The `Last-Event-ID` of a client that has been here before. */
  readonly known: string | null;
  readonly pollEvery: number;
  readonly onError: (error: unknown) => void;
}

/**
 * The heads of a run's log as Server-Sent Events: the present one, unless the client knows it, and each that is found
 * later. A change that came through this process is found at once, others when the head is read the next time.
 */
export function commitsOf(
  events: Pick<EventStore<unknown>, 'head'>,
  runId: RunId,
  { known, pollEvery, onError }: CommitsOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const endsAt = Date.now() + LIFE;
  let last = known;
  // At first, something is sent in any case: some servers hold the headers back until then.
  let spokeAt = Number.NEGATIVE_INFINITY;
  let isChanged = false;
  let wake = () => {};
  const unlisten = listen(events, runId, () => {
    isChanged = true;
    wake();
  });
  let isOver = false;
  const end = () => {
    isOver = true;
    unlisten();
    wake();
  };

  /** What is to be sent next; `undefined` at the end. */
  async function next(): Promise<string | undefined> {
    while (!isOver && Date.now() < endsAt) {
      isChanged = false;
      const head = await events.head(runId);
      const id = etagOf(head.seq, head.logId).slice(1, -1);
      if (id !== last) {
        last = id;
        return `id: ${id}\ndata: ${JSON.stringify(head)}\n\n`;
      }
      const silence = spokeAt + KEEP_ALIVE - Date.now();
      if (silence <= 0) return ':\n\n';
      const waiting = new AbortController();
      wake = () => waiting.abort();
      if (!isChanged && !isOver) await pause(Math.min(pollEvery, silence), waiting.signal);
    }
    return undefined;
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const text = await next().catch(onError);
        if (isOver) return;
        spokeAt = Date.now();
        if (text) return controller.enqueue(encoder.encode(text));
        end();
        controller.close();
      },
      cancel: end,
    },
    // Nothing is read before somebody asks for it.
    { highWaterMark: 0 },
  );
}

/** Reads Server-Sent Events, and calls `onEvent` with the id of each. Resolves when they end. */
export async function readCommits(
  body: ReadableStream<Uint8Array>,
  onPiece: () => void,
  onEvent: (id: string) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onPiece();
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, id] = /^id: (.*)$/m.exec(block) ?? [];
        if (id !== undefined) onEvent(id);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
