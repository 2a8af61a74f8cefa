import type { CDPSession } from 'playwright-core';
import type { Tab } from './profile.ts';

/** An event of Chromium's tracing: `X` is a span with a duration, `b` and `e` begin and end one. */
interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** In µs. */
  readonly ts: number;
  readonly dur?: number;
  readonly id?: string;
  readonly id2?: { readonly local?: string };
  readonly args: { readonly name?: string };
}

/** What a span is looked for by. */
export interface Span {
  readonly name: string;
  /** On the page's main thread alone. */
  readonly onMain?: boolean;
}

const categories = ['IndexedDB', 'leveldb', 'blink', 'v8', 'devtools.timeline'];

/** Does `work` while Chromium traces itself; gives a function that sums up the spans of a name, in ms. */
export async function traced(tab: Tab, work: () => Promise<unknown>): Promise<(span: Span) => number> {
  const browser = tab.context.browser();
  if (!browser) throw new Error('The browser cannot be traced.');
  const session = await browser.newBrowserCDPSession();
  const events = await record(session, work);
  const named = (kind: string, name: string) =>
    new Set(
      events
        .filter((event) => event.name === kind && event.args.name === name)
        .map(({ pid, tid }) => (kind === 'process_name' ? `${pid}` : `${pid} ${tid}`)),
    );
  const pages = named('process_name', 'Renderer');
  const mains = named('thread_name', 'CrRendererMain');
  return ({ name, onMain = false }) => {
    const wanted = events.filter(
      (event) =>
        event.name === name &&
        (!onMain || (pages.has(`${event.pid}`) && mains.has(`${event.pid} ${event.tid}`))),
    );
    return wanted.reduce((sum, { ph, ts, dur = 0 }) => sum + ({ X: dur, b: -ts, e: ts }[ph] ?? 0), 0) / 1e3;
  };
}

async function record(session: CDPSession, work: () => Promise<unknown>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { recordMode: 'recordAsMuchAsPossible', includedCategories: categories },
  });
  await work();
  await session.send('Tracing.end');
  await complete;
  return events;
}
