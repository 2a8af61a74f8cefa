import type { BrowserContext, Page } from '@playwright/test';

/** A run's place, as its records tell it. */
export interface Place {
  readonly head: number;
  readonly snapshotSeq?: number;
}

export interface StoredEvent {
  readonly type: string;
  readonly picture?: number;
  readonly sha256?: string;
  readonly reason?: string;
}

/** Where the run stands, read through plain IndexedDB: without the library. */
export const placeOf = (page: Page, runId = 'import'): Promise<Place> => page.evaluate(readPlace, runId);

/**
 * Has every visit from now on note where the run stands, before any script of the page runs.
 * {@link placeAtVisit} tells.
 */
export async function notePlaces(context: BrowserContext): Promise<void> {
  await context.addInitScript({
    content: `if (location.protocol.startsWith('http')) window.placeAtVisit = (${readPlace})('import');`,
  });
}

export const placeAtVisit = (page: Page): Promise<Place> =>
  page.evaluate(() => Reflect.get(window, 'placeAtVisit') as Promise<Place>);

/** Every event of the run in the log's order. */
export const eventsOf = (page: Page, runId = 'import'): Promise<StoredEvent[]> =>
  page.evaluate(async (runId) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('rewake');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const range = IDBKeyRange.bound([runId, 0], [runId, []]);
    const records = await new Promise<{ format: number; events: StoredEvent[] }[]>((resolve, reject) => {
      const request = database.transaction('events').objectStore('events').getAll(range);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    database.close();
    return records
      .flatMap(({ events }) => events)
      .map(({ type, picture, sha256, reason }) =>
        JSON.parse(JSON.stringify({ type, picture, sha256, reason })),
      );
  }, runId);

/** The bytes of the files in the run's first event, each in base64. */
export const chosenFilesOf = (page: Page, runId = 'import'): Promise<{ name: string; base64: string }[]> =>
  page.evaluate(async (runId) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('rewake');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const record = await new Promise<{ events: { files: File[] }[] }>((resolve, reject) => {
      const request = database.transaction('events').objectStore('events').get([runId, 1]);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    database.close();
    return Promise.all(
      (record.events[0]?.files ?? []).map(async (file) => {
        const url = await new Promise<string>((resolve, reject) => {
          const reader = new FileReader();
          reader.onload = () => resolve(String(reader.result));
          reader.onerror = () => reject(reader.error);
          reader.readAsDataURL(file);
        });
        return { name: file.name, base64: url.slice(url.indexOf(',') + 1) };
      }),
    );
  }, runId);

/** Runs in the page. */
export async function readPlace(runId: string): Promise<Place> {
  const database = await new Promise<IDBDatabase | undefined>((resolve) => {
    const request = indexedDB.open('rewake');
    // Where there is no database yet, none is to come into being.
    request.onupgradeneeded = () => request.transaction?.abort();
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      resolve(undefined);
    };
  });
  if (!database) return { head: 0 };
  const transaction = database.transaction(['snapshots', 'events']);
  const settled = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const range = IDBKeyRange.bound([runId, 0], [runId, []]);
  const [lastSeqs, snapshot] = await Promise.all([
    settled(transaction.objectStore('events').getAllKeys(range)),
    settled<{ atSeq: number } | undefined>(transaction.objectStore('snapshots').get(runId)),
  ]);
  database.close();
  const head = Number(Object(lastSeqs.at(-1) ?? [])[1] ?? 0);
  return snapshot ? { head, snapshotSeq: snapshot.atSeq } : { head };
}
