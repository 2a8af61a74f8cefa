import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matcher } from '../src/inspector/search.ts';
import { scrollTopFor, TALLEST, virtualWindow } from '../src/inspector/virtual-window.ts';

// Which rows of a long list are there.

const extent = fc
  .record({
    count: fc.integer({ min: 0, max: 20_000_000 }),
    rowHeight: fc.integer({ min: 20, max: 50 }),
    height: fc.integer({ min: 100, max: 2_000 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ part, ...extent }) => {
    const total = Math.min(extent.count * extent.rowHeight, TALLEST);
    return { ...extent, scrollTop: Math.floor(part * Math.max(0, total - extent.height)) };
  });

describe('the rows that are in the document', () => {
  test('fill what can be seen, and are few', () => {
    fc.assert(
      fc.property(extent, (extent) => {
        const { count, rowHeight, height, scrollTop } = extent;
        const { first, end, top, total } = virtualWindow(extent);
        expect(total).toBe(Math.min(count * rowHeight, TALLEST));
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(count);
        expect(end - first).toBeLessThanOrEqual(Math.ceil(height / rowHeight) + 18);
        // From above what is seen to below it, unless the list begins or ends there.
        expect(top).toBeLessThanOrEqual(scrollTop + 0.01);
        const bottom = top + (end - first) * rowHeight;
        expect(bottom).toBeGreaterThanOrEqual(Math.min(scrollTop + height, total) - 0.01);
      }),
    );
  });

  test('are the last ones at the end, also of a list that no browser can lay out', () => {
    for (const count of [100_000, 5_000_000]) {
      const total = Math.min(count * 24, TALLEST);
      const { end, first, top } = virtualWindow({
        count,
        rowHeight: 24,
        height: 500,
        scrollTop: total - 500,
      });
      expect(end).toBe(count);
      expect(top + (end - first) * 24).toBeCloseTo(total, 3);
    }
  });

  test('are those that were scrolled to, and what can be seen is not scrolled', () => {
    fc.assert(
      fc.property(extent, fc.nat(), (extent, n) => {
        fc.pre(extent.count > 0);
        const index = n % extent.count;
        const { rowHeight, height } = extent;
        const scrollTop = scrollTopFor(extent, index);
        const { first, end, top } = virtualWindow({ ...extent, scrollTop });
        expect(index >= first && index < end).toBe(true);
        const place = top + (index - first) * rowHeight - scrollTop;
        expect(place).toBeGreaterThan(-1);
        expect(place + rowHeight).toBeLessThan(height + 1);
        expect(scrollTopFor({ ...extent, scrollTop }, index)).toBeCloseTo(scrollTop, 3);
      }),
    );
  });
});

test.each([
  ['', 'anything', true],
  ['name', '{ NAME: 1 }', true],
  ['a  b', 'b then a', true],
  ['a c', 'b then a', false],
  ['-a', 'b', true],
  ['b -a', 'b then a', false],
  ['-', 'minus - is a word alone', true],
])('the filter %j of %j: %s', (query, text, isFound) => {
  expect(matcher(query)(text)).toBe(isFound);
});
