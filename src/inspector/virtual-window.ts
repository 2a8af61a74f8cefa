/** What a list knows of itself. All heights are in pixels. */
export interface Extent {
  readonly count: number;
  readonly rowHeight: number;
  /** Of the part that can be seen. */
  readonly height: number;
  readonly scrollTop: number;
}

/** Which rows of a long list are in the document, and where. */
export interface VirtualWindow {
  /** The first row, from 0. */
  readonly first: number;
  /** The row after the last one. */
  readonly end: number;
  /** Where the first row begins. */
  readonly top: number;
  /** How tall the whole list is. */
  readonly total: number;
}

/** So many rows above and below are there before they are seen. */
const OVERSCAN = 8;
/** Firefox lays out nothing that is taller than about 17.9 million pixels. */
export const TALLEST = 8_000_000;

/** A list that is taller than a browser can lay out scrolls faster than its rows are high. */
const speedOf = ({ count, rowHeight, height }: Extent): number => {
  const total = count * rowHeight;
  return total > TALLEST ? (total - height) / (TALLEST - height) : 1;
};

export function virtualWindow(extent: Extent): VirtualWindow {
  const { count, rowHeight, height, scrollTop } = extent;
  const total = Math.min(count * rowHeight, TALLEST);
  const at = Math.max(0, Math.min(scrollTop, total - height)) * speedOf(extent);
  const first = Math.max(0, Math.floor(at / rowHeight) - OVERSCAN);
  const end = Math.min(count, Math.ceil((at + height) / rowHeight) + OVERSCAN);
  return {
    first,
    end,
    total,
    top: Math.min(scrollTop, Math.max(0, total - height)) - at + first * rowHeight,
  };
}

/** How far to scroll so that all of a row can be seen; as far as now, if it can. */
export function scrollTopFor(extent: Extent, index: number): number {
  const { rowHeight, height, scrollTop } = extent;
  const speed = speedOf(extent);
  const at = scrollTop * speed;
  const top = index * rowHeight;
  if (top < at) return top / speed;
  if (top + rowHeight > at + height) return (top + rowHeight - height) / speed;
  return scrollTop;
}
