import type { EventStore, Run } from 'rewake';
import { examinePicture } from './examine-picture.ts';
import { type ImportEvent, type ImportState, nextPicture, RUN_ID } from './import-run.ts';

/**
 * The import itself: goes on wherever the run stands, until every file has a result. Whoever owns the run
 * calls it, a tab's Worker or the Service Worker, and may be stopped between any two events.
 */
export async function importPictures(
  run: Run<ImportState, ImportEvent>,
  events: Pick<EventStore<ImportEvent>, 'scan'>,
  pause = async () => {},
): Promise<void> {
  const [first] = (await events.scan(RUN_ID, 1, 1)).events;
  const files = first?.event.type === 'chosen' ? first.event.files : [];
  for (let next = nextPicture(run.state); next !== undefined; next = nextPicture(run.state)) {
    await pause();
    const event = await examinePicture(files[next], next);
    // Rejects with `conflict` where somebody else has taken the run over: no picture is done twice.
    await run.append(event);
  }
}
