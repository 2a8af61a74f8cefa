import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** An editing session in the JSON format of https://github.com/josephg/editing-traces. */
export interface Trace {
  readonly startContent: string;
  readonly endContent: string;
  readonly txns: readonly {
    readonly patches: readonly (readonly [at: number, del: number, ins: string])[];
  }[];
}

/** Reads a trace, gzipped or not. */
export function readTrace(file: string): Trace {
  const bytes = readFileSync(file);
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const trace = JSON.parse((gzipped ? gunzipSync(bytes) : bytes).toString('utf8'));
  if (typeof trace?.endContent !== 'string' || !Array.isArray(trace.txns)) {
    throw new Error(`${file} is no editing trace: it has no endContent and txns.`);
  }
  return { startContent: '', ...trace };
}
