import { importRun } from 'rewake/export';
import { inMemory } from './stores-scene.ts';

// What the tests of export and import share.

/** All that a stream gives. */
export const bytesOf = async (stream: ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Uint8Array(await new Response(stream).arrayBuffer());

export const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();

/** The bytes as a stream, in chunks of so many. */
export function streamOf(content: Uint8Array | string, size = 1_000): ReadableStream<Uint8Array> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  let from = 0;
  return new ReadableStream({
    pull(controller) {
      if (from < bytes.length) controller.enqueue(bytes.subarray(from, from + size));
      else controller.close();
      from += size;
    },
  });
}

/** What importing damaged bytes into empty stores rejects with, and the runs that are there afterwards. */
export async function outcomeOf(content: Uint8Array | string) {
  const stores = inMemory();
  const code = await importRun({ stream: streamOf(content), stores }).then(
    () => 'none',
    (error) => error.code,
  );
  return { code, runs: [...(await stores.events.runIds()), ...(await stores.snapshots.runIds())] };
}
