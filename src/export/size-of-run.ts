import { type ExportOptions, exportRun } from './export-run.ts';

/**
 * How many bytes a run has when it is exported: what of the room that a site uses is which run's, about. A browser
 * compresses what it stores, or pads it, and tells nobody about one run. It reads all of the run, in pages.
 *
 * Rejects with what the stream of {@link exportRun} errors with.
 *
 * @example
 * for (const { runId } of await listRuns({ stores })) sizes.set(runId, await sizeOfRun({ runId, stores }));
 */
export async function sizeOfRun(options: ExportOptions): Promise<number> {
  let bytes = 0;
  const reader = exportRun(options).getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) bytes += chunk.value.length;
  return bytes;
}
