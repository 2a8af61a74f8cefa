import type { Reducer } from 'rewake';

/** Every visit continues this one run. */
export const RUN_ID = 'import';
/** The Service Worker holds this Web Lock while it imports, so that a page can tell it from a tab. */
export const SERVICE_WORKER_LOCK = 'import in the Service Worker';

/** What happened in the import: first the choice, then one event for each file. */
export type ImportEvent = Chosen | PictureEvent;
export type PictureEvent = Imported | Refused;

/** The files are in the event log themselves, so that a recovered run needs nobody to choose again. */
export interface Chosen {
  readonly type: 'chosen';
  readonly files: readonly File[];
}

export interface Imported {
  readonly type: 'imported';
  /** Which of the chosen files, from 0 on. */
  readonly picture: number;
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
  readonly colour: string;
  /** A JPEG. */
  readonly thumbnail: Uint8Array<ArrayBuffer>;
}

export interface Refused {
  readonly type: 'refused';
  readonly picture: number;
  readonly reason: string;
}

/**
 * What the import has to know to go on, and what its manifest says. Neither files nor thumbnails: every
 * snapshot would copy them all again, and the event log has them.
 */
export interface ImportState {
  readonly files: readonly { readonly name: string; readonly size: number }[];
  readonly results: readonly Result[];
}

export type Result = Omit<Imported, 'thumbnail'> | Refused;

export const initialState: ImportState = { files: [], results: [] };

export const reduce: Reducer<ImportState, ImportEvent> = (state, event) => {
  if (!isPossible(event, state)) throw new Error('This is no event of an import.');
  switch (event.type) {
    case 'chosen':
      return { files: event.files.map(({ name, size }) => ({ name, size })), results: [] };
    case 'imported': {
      const { thumbnail: _, ...result } = event;
      return { ...state, results: [...state.results, result] };
    }
    case 'refused':
      return { ...state, results: [...state.results, event] };
  }
};

/** A log that is read again is input like any other: this page shows nothing that it cannot have written. */
function isPossible(event: ImportEvent, { files }: ImportState): boolean {
  switch (event.type) {
    case 'chosen':
      return event.files.every((file) => file instanceof File);
    case 'imported':
      return (
        isOneOf(files, event.picture) &&
        /^[0-9a-f]{64}$/.test(event.sha256) &&
        /^#[0-9a-f]{6}$/.test(event.colour) &&
        Number.isInteger(event.width) &&
        Number.isInteger(event.height) &&
        event.thumbnail instanceof Uint8Array
      );
    case 'refused':
      return isOneOf(files, event.picture) && typeof event.reason === 'string';
    default:
      return false;
  }
}

const isOneOf = (files: ImportState['files'], picture: number): boolean =>
  Number.isInteger(picture) && picture in files;

/** What `openRun` and `followRun` need to know, wherever they are called. */
export const importRun = { runId: RUN_ID, reduce, initialState, snapshotEvery: 10 };

/** The first file without a result; `undefined` once every file has one. */
export function nextPicture({ files, results }: ImportState): number | undefined {
  const done = new Set(results.map(({ picture }) => picture));
  const next = files.findIndex((_, picture) => !done.has(picture));
  return next === -1 ? undefined : next;
}

/** What the visitor takes home. */
export function manifest({ files, results }: ImportState): string {
  const entries = results.map(({ type: _, picture, ...result }) => ({ ...files[picture], ...result }));
  return JSON.stringify({ files: entries }, null, 2);
}
