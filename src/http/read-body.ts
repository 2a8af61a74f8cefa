import { joinBytes } from '../serialization/join-bytes.ts';
import { parseJson } from '../serialization/serialize.ts';
import { Refusal } from './problem.ts';

interface Limits {
  readonly maxBytes: number;
  /** How long all of it may take, in milliseconds. */
  readonly timeout: number;
}

/** The JSON in the body. No more of it is read than is allowed, whatever its `Content-Length` says. */
export async function readBody(request: Request, { maxBytes, timeout }: Limits): Promise<unknown> {
  // No other site's page can send this without being asked about by the browser first (CORS).
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('Content-Type') ?? ''))
    throw new Refusal(415, 'invalid-argument', 'the body has to be application/json. Nothing was touched.');
  const tooLarge = () => {
    const detail = `the body is larger than ${maxBytes} bytes, which is all that the server takes. Nothing was touched.`;
    return new Refusal(413, 'invalid-argument', detail);
  };
  if (Number(request.headers.get('Content-Length')) > maxBytes) throw tooLarge();

  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooSlow = new Promise<never>((_, reject) => {
    const refuse = () =>
      reject(new Refusal(408, 'timeout', `the body took longer than ${timeout} ms. Nothing was touched.`));
    timer = setTimeout(refuse, timeout);
  });
  try {
    const bytes = await Promise.race([tooSlow, readAll(request.body, maxBytes, tooLarge)]);
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(400, 'invalid-argument', 'the body is no JSON. Nothing was touched.', cause);
  } finally {
    clearTimeout(timer);
  }
}

/** What is left is not cancelled: in some servers that would cut the connection before the answer is sent. */
async function readAll(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  tooLarge: () => Refusal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (;;) {
    const piece = (await reader?.read())?.value;
    if (!piece) break;
    length += piece.length;
    if (length > maxBytes) throw tooLarge();
    pieces.push(piece);
  }
  return joinBytes(pieces);
}
