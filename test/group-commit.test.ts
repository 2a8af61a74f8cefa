import { expect, test } from 'vitest';
import { GroupCommit } from '../src/backends/group-commit.ts';
import { turn } from './turn.ts';

test('one group is committed at a time, and who has awaited the last one finds nothing in flight', async () => {
  const groups: (readonly number[])[] = [];
  let end = () => {};
  const commits = new GroupCommit<number>((group) => {
    groups.push(group);
    return new Promise((resolve) => {
      end = resolve;
    });
  });
  const first = commits.add(1);
  const second = [commits.add(2), commits.add(3)];
  end();
  await first;
  await turn();
  // The second group is in flight.
  const third = commits.add(4);
  await turn();
  expect(groups).toEqual([[1], [2, 3]]);
  end();
  await Promise.all(second);
  await turn();
  expect(groups).toEqual([[1], [2, 3], [4]]);
  expect(commits.busy).toBe(true);
  end();
  await third;
  expect(commits.busy).toBe(false);
});
