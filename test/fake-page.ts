import { vi } from 'vitest';

/** What happens to a page. */
export interface FakePage extends EventTarget {
  /** Into the back/forward cache, or back from there. */
  show(type: 'pagehide' | 'pageshow'): void;
}

/** A page for whatever is opened from now on, until `vi.unstubAllGlobals()`. */
export function fakePage(): FakePage {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  return Object.assign(page, {
    show: (type: string) => void page.dispatchEvent(Object.assign(new Event(type), { persisted: true })),
  });
}
