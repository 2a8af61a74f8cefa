import type { Seq } from '../contracts/words.ts';
import type { JournalEvent, JournalState } from '../workflow/journal.ts';
import type { Context } from './context.ts';
import { counted } from './counted.ts';
import { h, setText } from './dom.ts';
import type { EventPages } from './event-pages.ts';
import {
  duration,
  newTimeline,
  type Stretch,
  type Timeline,
  type TimelineStep,
  timelineFrom,
  withEvent,
} from './timeline.ts';
import { valueView } from './value-view.ts';
import { VirtualList } from './virtual-list.ts';

const ROW_HEIGHT = 26;
const PAGE = 1_000;

const signs = { running: '▶', waiting: '…', succeeded: '✓', failed: '✗' } as const;

/** A workflow's journal as bars in time, a row for each step. */
export class TimelineView {
  readonly element: HTMLElement;
  readonly #context: Context;
  readonly #pages: EventPages;
  readonly #list: VirtualList;
  readonly #summary: HTMLElement = h('p', { class: 'bar' });
  readonly #detail: HTMLElement = h('div', {
    class: 'detail-body',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Value',
  });
  readonly #unfolded = new Set(['.history']);
  #timeline: Timeline = newTimeline();
  #steps: readonly TimelineStep[] = [];
  /** Up to which event of which log the timeline is. */
  #read: { readonly seq: Seq; readonly logId: string | null } = { seq: 0, logId: null };
  #selected = '';
  #shown: unknown;
  #isReading = false;

  constructor(context: Context, pages: EventPages) {
    this.#context = context;
    this.#pages = pages;
    this.#list = new VirtualList({
      label: 'Steps',
      rowHeight: ROW_HEIGHT,
      render: (index, row) => this.#render(this.#steps[index], row),
      onSelect: (index) => {
        this.#selected = this.#steps[index]?.key ?? '';
        this.#draw();
        this.#list.reveal(index);
      },
    });
    const steps = h('div', { class: 'log' }, this.#summary, this.#list.element);
    const detail = h('section', { class: 'detail', 'aria-label': 'The selected step' }, this.#detail);
    this.element = h('div', { class: 'log-view timeline' }, steps, detail);
  }

  connect(): void {
    this.#list.connect();
    this.#draw();
  }

  disconnect(): void {
    this.#list.disconnect();
  }

  /** Reads what has come since, and draws what goes on with the time. */
  async refresh(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      await this.#catchUp();
      this.#steps = [...this.#timeline.steps.values()];
      this.#draw();
    } catch (error) {
      this.#context.complain(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #catchUp(): Promise<void> {
    const { head, base, first } = this.#pages;
    if (this.#read.logId !== head.logId || this.#read.seq > head.seq || this.#read.seq < first - 1) {
      this.#timeline = base ? timelineFrom(journalIn(base.state)) : newTimeline();
      this.#read = { seq: first - 1, logId: head.logId };
    }
    while (this.#read.seq < head.seq) {
      const from = this.#read.seq + 1;
      const limit = Math.min(PAGE, head.seq - from + 1);
      for (const read of await this.#pages.read(from, limit)) {
        if ('error' in read) throw read.error;
        this.#timeline = withEvent(this.#timeline, journalEventIn(read.event), read.seq);
      }
      this.#read = { ...this.#read, seq: from + limit - 1 };
    }
  }

  /** Until when the bars reach. */
  get #end(): number {
    const { status, to, from } = this.#timeline;
    return Math.max(status === 'running' ? Date.now() : to, from + 1);
  }

  #draw(): void {
    const { status, from, version, restarts, takings } = this.#timeline;
    const waits = status === 'running' && this.#steps.some((step) => step.status === 'waiting');
    const isBusy = this.#steps.some((step) => step.status === 'running');
    const parts = [
      waits && !isBusy ? 'waiting' : status,
      from > 0 && `begun ${new Date(from).toLocaleString()}`,
      from > 0 && `${status === 'running' ? 'for' : 'took'} ${duration(this.#end - from)}`,
      counted(this.#steps.length, 'step'),
      version !== undefined && `version ${version}`,
      restarts > 0 && `restarted ${restarts} ×`,
      takings > 0 && `taken over ${takings} ×`,
    ];
    setText(this.#summary, parts.filter((part) => part !== false).join(' · '));
    const index = this.#steps.findIndex(({ key }) => key === this.#selected);
    this.#list.refresh(this.#steps.length, index);
    const shown = this.#steps[index] ?? this.#timeline;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#detail.replaceChildren(
      valueView('key' in shown ? factsOf(shown) : outcomeOf(shown), this.#unfolded),
    );
  }

  #render(step: TimelineStep | undefined, row: HTMLElement): void {
    if (!step) return;
    const { from } = this.#timeline;
    const scale = this.#end - from;
    const bars = step.stretches.map((stretch) => {
      const bar = h('span', { class: `stretch ${stretch.kind}` });
      const [start, end] = [stretch.from - from, (stretch.to ?? this.#end) - from];
      bar.style.left = `${Math.max(0, (100 * start) / scale)}%`;
      bar.style.width = `${Math.max(0, (100 * (end - start)) / scale)}%`;
      return bar;
    });
    row.replaceChildren(
      h('span', { class: `sign ${step.status}`, 'aria-hidden': 'true' }, signs[step.status]),
      h('span', { class: 'type' }, step.key),
      h('span', { class: 'track', 'aria-hidden': 'true' }, ...bars),
      h('span', { class: 'text' }, textOf(step, this.#end)),
    );
  }
}

/** What became of a step, in words. */
function textOf({ status, kind, attempts, until, stretches }: TimelineStep, end: number): string {
  const from = stretches[0]?.from ?? end;
  const to = stretches.at(-1)?.to ?? end;
  const words = [kind === 'do' ? status : `${kind}, ${status}`];
  if (attempts > 1) words.push(`${attempts} attempts`);
  words.push(duration(to - from));
  if (until !== undefined && until > Date.now()) words.push(`until ${new Date(until).toLocaleTimeString()}`);
  return words.join(' · ');
}

const timeOf = (time: number | undefined) => (time === undefined ? undefined : new Date(time));

const stretchOf = ({ kind, from, to, seq, error }: Stretch) => ({
  [kind]: to === undefined ? 'not ended' : duration(to - from),
  from: timeOf(from),
  ...(to !== undefined && { to: timeOf(to) }),
  seq,
  ...(error && { error }),
});

const factsOf = ({ key, kind, status, attempts, until, stretches, ...step }: TimelineStep) => ({
  step: key,
  kind,
  status,
  attempts,
  ...(until !== undefined && { until: timeOf(until) }),
  ...('result' in step && { result: step.result }),
  ...(step.error && { error: step.error }),
  history: stretches.map(stretchOf),
});

const outcomeOf = ({ status, input, from, to, version, ...timeline }: Timeline) => ({
  workflow: status,
  version,
  begun: timeOf(from),
  last: timeOf(to),
  input,
  ...('result' in timeline && { result: timeline.result }),
  ...(timeline.error && { error: timeline.error }),
});

// A log that begins as a journal does holds nothing else; what a newer release has added is passed over.
const journalEventIn = (event: unknown) => event as JournalEvent;
const journalIn = (state: unknown) => state as JournalState;
