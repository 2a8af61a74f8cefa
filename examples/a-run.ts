import { openRun, type RunDefinition } from 'rewake';

// An upload of many files that goes on where it stopped: after a crash, a reload, in another tab.

interface State {
  readonly uploaded: readonly string[];
}

interface Uploaded {
  readonly type: 'uploaded';
  readonly file: string;
}

const uploadRun: RunDefinition<State, Uploaded> = {
  version: 1, // raise it whenever the reducer, the state or the events change
  initialState: { uploaded: [] },
  reduce: ({ uploaded }, { file }) => ({ uploaded: [...uploaded, file] }),
};

/**
 * Call it at every start of the page. Each file whose event is in the log is skipped; the one during which a crash
 * came is uploaded again. Resolves with the files that are uploaded.
 */
export async function uploadAll(
  files: readonly string[],
  upload: (file: string) => Promise<void>,
): Promise<readonly string[]> {
  // Waits until no other tab owns the run, then recovers it. Rejects where nothing can be kept.
  await using run = await openRun({ runId: 'upload-7', ...uploadRun, requireDurable: true });
  for (const file of files) {
    if (run.state.uploaded.includes(file)) continue;
    await upload(file);
    await run.append({ type: 'uploaded', file }); // resolves when the event is committed
  }
  return run.state.uploaded;
}
