import type { Seq, SequencedEvent } from 'rewake';
import { type ImportEvent, initialState, reduce } from '../import-run.ts';
import type { Facts } from './facts.ts';
import { LogStrip } from './log-strip.ts';
import { PictureGrid } from './picture-grid.ts';
import type { Progress } from './progress.ts';

/** The run as the page was told of it: each of its committed events, and everything that shows them. */
export class RunView {
  state = initialState;
  head: Seq = 0;
  #snapshotSeq: Seq = 0;
  #seqs = new Set<Seq>();
  #pictures: number[] = [];
  readonly #facts: Facts;
  readonly #progress: Progress;
  readonly #strip = new LogStrip();
  readonly #grid = new PictureGrid();

  constructor(facts: Facts, progress: Progress) {
    this.#facts = facts;
    this.#progress = progress;
  }

  /** Nothing yet, and places for the files to come. */
  clear(files: readonly { readonly name: string }[] = []): void {
    this.state = initialState;
    this.head = 0;
    this.#snapshotSeq = 0;
    this.#seqs.clear();
    this.#pictures = [];
    this.#reserve(files);
    this.#facts.show(0, 0);
    this.#progress.show(0, files.length);
  }

  show(events: readonly SequencedEvent<ImportEvent>[]): void {
    for (const { seq, event } of events) {
      this.state = reduce(this.state, event);
      this.head = seq;
      this.#seqs.add(seq);
      if (event.type === 'chosen') this.#reserve(event.files);
      else {
        this.#pictures.push(event.picture);
        this.#grid.show(event);
      }
      this.#strip.show(seq, event);
    }
    this.#facts.show(this.head, this.#snapshotSeq);
    this.#progress.show(this.state.results.length, this.state.files.length);
    if (this.head === 1) void this.#facts.showBytes();
  }

  showSnapshot(seq: Seq): void {
    if (seq <= this.#snapshotSeq) return;
    this.#snapshotSeq = seq;
    this.#strip.markSnapshot(seq);
    this.#facts.show(this.head, seq);
    void this.#facts.showBytes();
  }

  /** How many of the events up to `acknowledged` the log does not have. */
  lost(acknowledged: Seq): number {
    return Array.from({ length: acknowledged }, (_, index) => index + 1).filter((seq) => !this.#seqs.has(seq))
      .length;
  }

  /** How many pictures the log has twice. */
  twice(): number {
    const again = this.#pictures.filter((picture, index) => this.#pictures.indexOf(picture) !== index);
    return new Set(again).size;
  }

  #reserve(files: readonly { readonly name: string }[]): void {
    this.#grid.reserve(files);
    this.#strip.reserve(files.length + 1);
  }
}
