import type { IgnoredSnapshot } from 'rewake';
import type { ImportState } from './import-run.ts';
import type { WorkerFailure } from './messages.ts';
import type { Owner } from './owner.ts';

// Everything the page says that depends on what happened.

export interface WakeUp {
  /** The picture it goes on with, from 1 on; `undefined` where all are done. */
  readonly next: number | undefined;
  readonly total: number;
  readonly snapshotSeq: number;
  readonly replayed: number;
  readonly ms: number;
  readonly lost: number;
  readonly twice: number;
  readonly ignored?: IgnoredSnapshot['reason'] | undefined;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

export function wokeUp({ next, total, snapshotSeq, replayed, ms, lost, twice, ignored }: WakeUp): string {
  const all = total === 1 ? 'with the only picture done' : `with all ${total} pictures done`;
  const where = next === undefined ? all : `at picture ${next} of ${total}`;
  const snapshot = ignored
    ? ignoredSnapshots[ignored]
    : snapshotSeq === 0
      ? 'no snapshot yet'
      : `snapshot at seq ${snapshotSeq}`;
  const time = ms < 1 ? 'under 1 ms' : `${Math.round(ms)} ms`;
  return (
    `Woke up ${where}: ${snapshot}, ${count(replayed, 'event')} replayed in ${time}. ` +
    `${lost} lost, ${twice} done twice.`
  );
}

const ignoredSnapshots: { readonly [reason in IgnoredSnapshot['reason']]: string } = {
  unreadable: 'the snapshot could not be read and was ignored',
  'newer-version': 'the snapshot is of a newer release and was ignored',
  'ahead-of-log': 'the snapshot was ahead of the event log and was ignored',
  'older-version': 'the snapshot was of an older version and was ignored',
  'other-log': 'the snapshot was of an earlier event log and was ignored',
};

export const importing = (total: number): string =>
  `Importing ${count(total, 'file')}: each one that is done is an event in the log.`;

/** In memory, there is nothing that could survive more than the Worker. */
export const crashHint = (inMemory: boolean): string =>
  inMemory
    ? 'Press Crash, and the import is lost.'
    : 'Crash it: press Crash, or reload, close or kill this tab, or the whole browser.';

export const following = (owner: Owner): string =>
  `${owner === 'Service Worker' ? 'The Service Worker' : 'Another tab'} owns this run. This tab follows it.`;

export const LOST = 'Another tab has taken over this run. This tab follows it.';

export const FOLLOWING_HINT =
  'When the owner is gone, this tab goes on by itself. Take over takes the run away from it.';

export const crashed = (next: number, total: number): string =>
  `Crashed ${total === 0 ? 'before the first event' : `at picture ${next} of ${total}`}: ` +
  'the Worker was ended without a warning.';

export const recoverHint = (inMemory: boolean): string =>
  inMemory
    ? 'Press Recover to see what is left.'
    : 'Press Recover, or reload, or close this tab and come back.';

export const SNAPSHOT_FAILED =
  'A snapshot could not be saved. The import goes on; a recovery will replay more events.';

export const SENDING = 'Sending this run to the server…';

export const SENT =
  'This import is on the server, and in no browser: whichever opens this link takes it over, and goes on.';

export const SENT_HINT = 'Open it in another browser, or in a private window. Or go on here.';

export function notSent({ code }: WorkerFailure): string {
  switch (code) {
    case 'conflict':
      return 'The server has another import already, or this one as it went on elsewhere. To get that one, start again here.';
    case 'unavailable':
    case 'connection-lost':
      return 'The server cannot be reached. The import is still here.';
    case 'invalid-argument':
      return 'The server takes no import as large as this. It is still here.';
    default:
      return 'This import was not sent. It is still here.';
  }
}

export const TAKING = 'Getting the run from the server…';

export const NOTHING_TO_TAKE =
  'There is no import on the server any more: another browser has it, or has deleted it.';

export const notTaken = ({ code, message }: WorkerFailure): string =>
  code === 'conflict'
    ? 'This browser has an import of its own. To go on with the one on the server, start again here.'
    : `The import on the server was not taken over. ${message}`;

export const NOT_A_RUN = 'This file holds no run of this page. Nothing was changed.';

export function nothingLeft(lost: number, inMemory: boolean): string {
  const why =
    lost === 0
      ? 'it ended before the first event was committed'
      : inMemory
        ? 'the run was in the memory of the Worker, and died with it'
        : 'the event log of this run is gone';
  return `Nothing to recover: ${why}. ${count(lost, 'event')} lost.`;
}

export function finished({ files, results }: ImportState): string {
  const refused = results.filter(({ type }) => type === 'refused').length;
  const imported = results.length - refused;
  if (refused === 0)
    return imported === 1 ? 'The picture is imported.' : `All ${imported} pictures are imported.`;
  return (
    `${files.length === 1 ? 'The file is' : `All ${files.length} files are`} done: ` +
    `${count(imported, 'picture')} imported, ${refused} refused with a reason.`
  );
}

export const memoryNotice = (reason: string): string =>
  `A crash will lose this import: here the run can only be kept in memory. ${reason.replace('openStores: ', '')}`;

/** Why there is nothing to do on this page. */
export const notOpened = ({ code }: WorkerFailure): string =>
  code === 'newer-version'
    ? 'A newer release of this page has written this database. Reload to get that release.'
    : 'The database does not open. Close the other tabs of this page, then reload.';

/** What a failure of the Worker means for the visitor, and what to do. */
export function failureSentence({ code }: WorkerFailure, head: number): string {
  const again = head > 0 ? 'press Recover, or reload' : 'start again';
  switch (code) {
    case 'quota':
      return head > 0
        ? 'The browser has no room left for this site. Every event so far is safe: free some room, then press Recover.'
        : 'The browser has no room for these pictures. Start again with fewer of them.';
    case 'blocked':
    case 'timeout':
    case 'unavailable':
      return `The database does not open. Close the other tabs of this page, then ${again}.`;
    case 'connection-lost':
      return `The connection to the database broke. What was acknowledged is in the event log: ${again}.`;
    case 'newer-version':
      return 'A newer release of this page has written this run. Reload to get that release.';
    case 'unreadable':
    case 'reducer-threw':
      return 'The event log of this run is damaged, and no state can be trusted. Start again deletes it.';
    default:
      return `The import stopped. What was acknowledged is in the event log: ${again}.`;
  }
}
