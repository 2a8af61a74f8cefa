import type { RunId } from '../contracts/words.ts';
import { exportRun } from '../export/export-run.ts';
import { importRun } from '../export/import-run.ts';
import type { Stores } from './context.ts';
import { counted } from './counted.ts';
import { h } from './dom.ts';

/** How long a browser may take to begin with a download. */
const READ_MS = 60_000;

/** Offers the exported run as a file. */
export async function download(stores: Stores, runId: RunId, beside: Element): Promise<void> {
  const file = await new Response(exportRun({ runId, stores })).blob();
  const url = URL.createObjectURL(file);
  const name = `${runId.replace(/[^\p{L}\p{N}._-]+/gu, '_')}.rewake.jsonl`;
  const link = h('a', { href: url, download: name, hidden: true });
  // In its document, which may be that of another window.
  beside.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), READ_MS);
}

/** Imports the file, and says what that did. */
export async function upload(
  stores: Stores,
  file: File,
): Promise<{ readonly runId: RunId; readonly words: string }> {
  const { runId, seq, appended, snapshotError } = await importRun({ stream: file.stream(), stores });
  const events =
    appended === seq
      ? counted(seq, 'event')
      : `${appended} of ${counted(seq, 'event')}; the others were here`;
  const snapshot = snapshotError ? `, without its snapshot (${snapshotError.code})` : '';
  return { runId, words: `Imported ${runId}: ${events}${snapshot}.` };
}

/** A number of bytes, short. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  const number = bytes / 1_000 ** power;
  return `${number.toFixed(number < 10 ? 1 : 0)} ${['B', 'kB', 'MB', 'GB'][power]}`;
}
