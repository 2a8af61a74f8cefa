import type { PictureEvent } from '../import-run.ts';
import { create, element } from './element.ts';

/** A tile for each chosen file, in its place from the start. */
export class PictureGrid {
  readonly #list = element('grid', HTMLUListElement);
  #tiles: HTMLLIElement[] = [];
  #urls: string[] = [];

  reserve(files: readonly { readonly name: string }[]): void {
    this.clear();
    this.#tiles = files.map(({ name }, picture) => {
      const tile = create('li', 'tile');
      const caption = create('span', 'tile-name', name);
      caption.title = name;
      tile.append(create('span', 'tile-frame', String(picture + 1)), caption);
      return tile;
    });
    this.#list.append(...this.#tiles);
  }

  show(event: PictureEvent): void {
    const tile = this.#tiles[event.picture];
    const frame = tile?.firstElementChild;
    if (!tile || !frame) return;
    if (event.type === 'refused') {
      tile.classList.add('tile-refused');
      frame.replaceChildren(event.reason);
      return;
    }
    const image = create('img', 'tile-image');
    const url = URL.createObjectURL(new Blob([event.thumbnail], { type: 'image/jpeg' }));
    this.#urls.push(url);
    image.src = url;
    // The name stands below it.
    image.alt = '';
    image.title = `${event.width} × ${event.height}, SHA-256 ${event.sha256.slice(0, 12)}…`;
    tile.classList.add('tile-imported');
    frame.replaceChildren(image);
  }

  clear(): void {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [];
    this.#tiles = [];
    this.#list.replaceChildren();
  }
}
