import { deleteRun, openRun, type RunStores, type Seq } from 'rewake';
import { handOver } from 'rewake/hand-over';
import { storesOnServer } from '../examples/server/stores-on-server.ts';
import { type ImportEvent, type ImportState, importRun, RUN_ID } from './import-run.ts';
import { nothingPacked, type PackedEvent, pack, unpack } from './packed-run.ts';

type ImportStores = RunStores<ImportState, ImportEvent>;

/** So long the page waits, at most, before it goes on without a server. */
const PATIENCE_MS = 2_000;

/**
 * The server that this page comes from, through which the run goes from one browser to another. It is in one place at a
 * time: whoever has handed it over deletes it. If that fails, there are two, and `handOver` tells if both go on.
 */
export class RunServer {
  /** How many events of a run are there, as far as is known. */
  waiting: Seq = 0;
  /** Whoever opens this takes the run over. */
  readonly link: string = `${location.origin}${location.pathname}?take${location.hash}`;
  readonly #stores = storesOnServer<unknown, PackedEvent>();

  /** Resolves with `undefined` if no server answers to the token in the address. */
  static async find(): Promise<RunServer | undefined> {
    const server = new RunServer();
    return (await server.look()) ? server : undefined;
  }

  /** Whether the page was opened by the link. Only once: a reload is no reason to take it over again. */
  wasLinkOpened(): boolean {
    const isLink = new URLSearchParams(location.search).has('take');
    if (isLink) history.replaceState(null, '', location.pathname + location.hash);
    return isLink;
  }

  /** Finds out what is {@link waiting}; resolves with whether the server has answered. */
  async look(): Promise<boolean> {
    try {
      const { events } = storesOnServer(AbortSignal.timeout(PATIENCE_MS));
      this.waiting = (await events.head(RUN_ID)).seq;
      return true;
    } catch {
      return false;
    }
  }

  /** Brings the run to the server, and deletes it in this browser, whoever owns it. */
  async send(stores: ImportStores): Promise<void> {
    // In the end, the deletion takes the run away from this: nobody needs to be told.
    const onError = () => {};
    await using _ = await openRun({ ...importRun, stores, ifOwned: 'steal', onError });
    let sent: Seq;
    do {
      const packed = await pack(stores);
      const { seq } = await handOver({
        runId: RUN_ID,
        from: packed,
        to: this.#stores,
        marks: packed.snapshots,
      });
      sent = seq;
      // Who owned it before may have been in the middle of an append.
    } while ((await stores.events.head(RUN_ID)).seq > sent);
    await deleteRun({ runId: RUN_ID, stores });
  }

  /** Gets the run from the server, and deletes it there. Resolves with its head; 0 if there is none. */
  async take(stores: ImportStores): Promise<Seq> {
    const packed = nothingPacked();
    const { seq } = await handOver({
      runId: RUN_ID,
      from: this.#stores,
      to: packed,
      marks: packed.snapshots,
    });
    if (seq > 0) {
      await unpack(packed, stores);
      await this.delete();
    }
    this.waiting = 0;
    return seq;
  }

  async delete(): Promise<void> {
    await deleteRun({ runId: RUN_ID, stores: this.#stores });
    this.waiting = 0;
  }
}
