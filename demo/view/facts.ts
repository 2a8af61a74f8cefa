import type { Seq, Stores } from 'rewake';
import type { Owner } from '../owner.ts';
import { element } from './element.ts';

const fact = (id: string) => element(id, HTMLElement);

/** The figures under the event log. */
export class Facts {
  readonly #backend = fact('fact-backend');
  readonly #backendReason = fact('fact-backend-reason');
  readonly #owner = fact('fact-owner');
  readonly #head = fact('fact-head');
  readonly #snapshot = fact('fact-snapshot');
  readonly #tail = fact('fact-tail');
  readonly #bytes = fact('fact-bytes');

  showBackend(stores: Stores<unknown, unknown>): void {
    const inMemory = stores.backend === 'memory';
    this.#backend.textContent = inMemory ? 'memory' : 'IndexedDB';
    this.#backendReason.textContent = inMemory
      ? `IndexedDB: ${stores.reason.code}`
      : 'a run survives a crash';
  }

  showOwner(owner: Owner): void {
    this.#owner.textContent = owner;
  }

  show(head: Seq, snapshotSeq: Seq): void {
    this.#head.textContent = String(head);
    this.#snapshot.textContent = snapshotSeq === 0 ? 'none' : `seq ${snapshotSeq}`;
    this.#tail.textContent = String(head - snapshotSeq);
  }

  /** Beside the run, this counts whatever else the browser keeps for this site. */
  async showBytes(): Promise<void> {
    let usage: number | undefined;
    try {
      // Only there in a secure context.
      usage = (await navigator.storage?.estimate())?.usage;
    } catch {
      // Some browsers refuse it in private mode.
    }
    this.#bytes.textContent = usage === undefined ? 'unknown' : inUnits(usage);
  }
}

function inUnits(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
