import { describe, expect, test } from 'vitest';
import { duration, newTimeline, timelineFrom, withEvent } from '../src/inspector/timeline.ts';
import { emptyJournal, type JournalEvent, reduceJournal } from '../src/workflow/journal.ts';

// A journal as bars in time.

const begun: JournalEvent = { type: 'workflow-begun', id: 'w', input: 'in', version: 3, at: 1_000 };
const error = { name: 'Error', message: 'No.' };

const timelineOf = (events: readonly JournalEvent[]) =>
  events.reduce((timeline, event, index) => withEvent(timeline, event, index + 1), newTimeline());

const stepOf = (events: readonly JournalEvent[], key = 'a#1') =>
  timelineOf([begun, ...events]).steps.get(key);

const started = (at: number, until?: number): JournalEvent => ({
  type: 'step-started',
  key: 'a#1',
  kind: 'do',
  at,
  ...(until !== undefined && { until }),
});

describe('a step', () => {
  test('that succeeds at its third attempt has two failed ones, and the times between them', () => {
    const step = stepOf([
      started(1_000),
      { type: 'step-failed', key: 'a#1', at: 1_100, error, retryAt: 1_300 },
      started(1_300),
      { type: 'step-failed', key: 'a#1', at: 1_350, error, retryAt: 1_750 },
      started(1_760),
      { type: 'step-succeeded', key: 'a#1', at: 1_800, result: 7 },
    ]);
    expect(step).toEqual({
      key: 'a#1',
      kind: 'do',
      status: 'succeeded',
      attempts: 3,
      result: 7,
      stretches: [
        { kind: 'failed', from: 1_000, to: 1_100, seq: 2, error },
        { kind: 'waited', from: 1_100, to: 1_300, seq: 3 },
        { kind: 'failed', from: 1_300, to: 1_350, seq: 4, error },
        { kind: 'waited', from: 1_350, to: 1_760, seq: 5 },
        { kind: 'ran', from: 1_760, to: 1_800, seq: 6 },
      ],
    });
  });

  test('that waits for its next attempt says until when', () => {
    const step = stepOf([
      started(1_000),
      { type: 'step-failed', key: 'a#1', at: 1_100, error, retryAt: 1_300 },
    ]);
    expect(step).toMatchObject({ status: 'waiting', until: 1_300, error });
    expect(step?.stretches.at(-1)).toEqual({ kind: 'waiting', from: 1_100, seq: 3 });
  });

  test('whose attempt was cut off by a crash shows that', () => {
    const step = stepOf([
      started(1_000),
      started(5_000),
      { type: 'step-succeeded', key: 'a#1', at: 5_100, result: 1 },
    ]);
    expect(step?.attempts).toBe(2);
    expect(step?.stretches.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['cut', 1_000, 5_000],
      ['ran', 5_000, 5_100],
    ]);
  });

  test('that fails for good keeps its error', () => {
    const step = stepOf([started(1_000), { type: 'step-failed', key: 'a#1', at: 1_100, error }]);
    expect(step).toMatchObject({ status: 'failed', error, stretches: [{ kind: 'failed', to: 1_100 }] });
    expect(step).not.toHaveProperty('until');
  });

  test('that sleeps or waits is one stretch, with its deadline until it ends', () => {
    const sleep: JournalEvent = { type: 'step-started', key: 's#1', kind: 'sleep', at: 1_000, until: 9_000 };
    expect(stepOf([sleep], 's#1')).toMatchObject({
      status: 'waiting',
      until: 9_000,
      stretches: [{ kind: 'waiting' }],
    });
    const ended = stepOf(
      [sleep, { type: 'step-succeeded', key: 's#1', at: 9_001, result: undefined }],
      's#1',
    );
    expect(ended).toMatchObject({
      status: 'succeeded',
      stretches: [{ kind: 'waited', from: 1_000, to: 9_001 }],
    });
    expect(ended).not.toHaveProperty('until');
  });
});

describe('a workflow', () => {
  test('runs until it ends, with what it has ended with', () => {
    expect(timelineOf([])).toMatchObject({ status: 'missing' });
    expect(timelineOf([begun])).toMatchObject({
      status: 'running',
      from: 1_000,
      to: 1_000,
      version: 3,
      input: 'in',
    });
    expect(timelineOf([begun, { type: 'workflow-completed', at: 2_000, result: 'out' }])).toMatchObject({
      status: 'completed',
      to: 2_000,
      result: 'out',
    });
    for (const status of ['failed', 'cancelled'] as const)
      expect(timelineOf([begun, { type: `workflow-${status}`, at: 2_000, error }])).toMatchObject({
        status,
        error,
      });
  });

  test('that was restarted has only its new steps; how often, and how often it was taken, is counted', () => {
    const taken: JournalEvent = { type: 'workflow-taken', at: 1_500 };
    const timeline = timelineOf([begun, started(1_200), taken, { ...begun, at: 3_000 }, taken]);
    expect(timeline).toMatchObject({ from: 3_000, restarts: 1, takings: 2, to: 3_000 });
    expect(timeline.steps.size).toBe(0);
  });

  test('whose journal was compacted has the steps of its base, and goes on', () => {
    const events: JournalEvent[] = [
      begun,
      started(1_000),
      { type: 'step-failed', key: 'a#1', at: 1_100, error, retryAt: 1_300 },
      started(1_300),
      { type: 'step-succeeded', key: 'a#1', at: 1_400, result: 7 },
      { type: 'step-started', key: 'w#1', kind: 'wait', at: 1_500, until: 9_000 },
    ];
    const timeline = timelineFrom(events.reduce(reduceJournal, emptyJournal));
    expect(timeline).toMatchObject({ status: 'running', from: 1_000, to: 1_500, version: 3, input: 'in' });
    expect([...timeline.steps.keys()]).toEqual(['a#1', 'w#1']);
    expect(timeline.steps.get('a#1')).toMatchObject({
      status: 'succeeded',
      attempts: 2,
      result: 7,
      stretches: [{ kind: 'ran', from: 1_000, to: 1_400 }],
    });
    const after = withEvent(timeline, { type: 'step-succeeded', key: 'w#1', at: 2_000, result: null }, 7);
    expect(after.steps.get('w#1')).toMatchObject({
      status: 'succeeded',
      stretches: [{ kind: 'waited', to: 2_000 }],
    });
  });
});

test('durations are short', () => {
  const times = [0, 350, 1_250, 59_400, 200_000, 7_500_000, 7_200_000, 273_600_000];
  expect(times.map(duration)).toEqual([
    '0 ms',
    '350 ms',
    '1.3 s',
    '59 s',
    '3 min 20 s',
    '2 h 5 min',
    '2 h',
    '3 d 4 h',
  ]);
});
