import { followRun, KernelError, openRun } from 'rewake';
import { describe, expect, test, vi } from 'vitest';
import { options, scene } from './run-scene.ts';

describe('snapshots', () => {
  const saved = () => scene.stores.snapshots.loadLatest('a');

  test('are saved behind the run every so many events, and never ahead of the log', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 10 });
    const save = vi.spyOn(scene.stores.snapshots, 'save');
    for (let event = 1; event <= 35; event++) {
      await run.append(event);
      for (const [{ atSeq }] of save.mock.calls)
        expect(atSeq).toBeLessThanOrEqual((await scene.stores.events.head('a')).seq);
    }
    expect(save.mock.calls.map(([{ atSeq }]) => atSeq)).toEqual([10, 20, 30]);
    await run.close();
    expect(await saved()).toMatchObject({ runId: 'a', atSeq: 35, state: { sum: 630, count: 35 } });
    const again = await openRun(options());
    expect(again.recovery).toMatchObject({ snapshotSeq: 35, replayed: 0 });
    await again.close();
    expect(save).toHaveBeenCalledTimes(4);
  });

  test('are counted from the snapshot that the run was recovered from', async () => {
    const first = await openRun({ ...options(), snapshotEvery: 3 });
    await first.appendAll([1, 2, 3]);
    await first.close();
    const run = await openRun({ ...options(), snapshotEvery: 3 });
    const save = vi.spyOn(scene.stores.snapshots, 'save');
    for (const event of [4, 5]) await run.append(event);
    expect(save).not.toHaveBeenCalled();
    await run.append(6);
    expect(save.mock.calls.map(([{ atSeq }]) => atSeq)).toEqual([6]);
    await run.close();
  });

  test('of several that fail together, one is reported', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 1 });
    let fail = (_: KernelError) => {};
    const failing = new Promise<void>((_, reject) => {
      fail = reject;
    });
    const save = vi.spyOn(scene.stores.snapshots, 'save').mockReturnValue(failing);
    for (const event of [1, 2, 3, 4]) await run.append(event);
    expect(save.mock.calls.map(([{ atSeq }]) => atSeq)).toEqual([1, 2, 3, 4]);
    const error = new KernelError('quota', 'injected', { operation: 'save' });
    fail(error);
    await failing.catch(() => {});
    await run.append(5);
    await vi.waitFor(() => expect(scene.reports).toEqual([error, error]));
    save.mockRestore();
    await run.close();
  });

  test('one that fails fails nothing else, is reported, and is not tried again at once', async () => {
    const run = await openRun({ ...options(), snapshotEvery: 2 });
    const error = new KernelError('quota', 'injected', { operation: 'save' });
    const save = vi.spyOn(scene.stores.snapshots, 'save').mockRejectedValue(error);
    for (const event of [1, 2, 3]) await run.append(event);
    expect(scene.reports).toEqual([error]);
    await run.append(4);
    await vi.waitFor(() => expect(scene.reports).toEqual([error, error]));
    await expect(run.snapshot()).rejects.toBe(error);
    save.mockRestore();
    await run.append(5);
    await run.snapshot();
    expect((await saved())?.atSeq).toBe(5);
    await run.close();
  });
});

test('a snapshot ahead of the log is deleted before the log can grow past it', async () => {
  await scene.stores.snapshots.save({ runId: 'a', atSeq: 2, state: { sum: 1000, count: 2 } });
  const run = await openRun(options());
  expect(run.recovery.ignoredSnapshot).toEqual({ reason: 'ahead-of-log', atSeq: 2 });
  for (const event of [1, 2, 3]) await run.append(event);
  // As after a crash: without a snapshot of its own.
  const recovered = await followRun(options());
  expect(recovered.state).toEqual({ sum: 6, count: 3 });
  expect(recovered.recovery).toMatchObject({ snapshotSeq: 0, replayed: 3 });
  await Promise.all([recovered.close(), run.close()]);
});
