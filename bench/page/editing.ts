import type { Codec } from 'rewake';
import { type Blocked, probe } from './probe.ts';
import type { Session } from './sessions/session.ts';
import { contentOf, type Edit, edit, emptyText, type Text } from './text.ts';
import { turn } from './turn.ts';

const GROUP = 100;
const RUN = 'session';
/** So many events follow the snapshot: half of what openRun lets come before it saves one. */
const TAIL = 500;

export type Way = 'grouped' | 'typed';

interface Trace {
  readonly startContent: string;
  readonly txns: readonly { readonly patches: readonly (readonly [number, number, string])[] }[];
}

export interface Written extends Blocked {
  readonly total: number;
}

export interface Recovered {
  readonly total: number;
  readonly content: string;
}

type Open = (runId: string, codec?: Codec) => Promise<Session>;

const sessions = import.meta.glob<{ readonly open: Open }>('./sessions/*.ts');

/** The session of this name; `rewake-run with compress()` is `rewake-run` with that codec. */
const opener = async (subject: string): Promise<(runId: string) => Promise<Session>> => {
  const [name, codecName] = subject.split(' with ');
  const load = sessions[`./sessions/${name}.ts`];
  if (!load) throw new Error(`There is no session of ${subject}.`);
  const { open } = await load();
  if (codecName === undefined) return open;
  const codec = await (await import('./codecs.ts')).codecNamed(codecName);
  return (runId) => open(runId, codec);
};

async function edits(part: number): Promise<Edit[]> {
  const trace: Trace = await (await fetch('/trace.json')).json();
  const all = trace.txns.flatMap(({ patches }) =>
    patches.map(([at, del, ins]): Edit => ({ type: 'edit', at, del, ins })),
  );
  if (trace.startContent !== '') all.unshift({ type: 'edit', at: 0, del: 0, ins: trace.startContent });
  return all.slice(0, Math.ceil(all.length * part));
}

/** The first `part` of the editing session, until it is all committed. */
export async function write(subject: string, way: Way, part: number): Promise<Written> {
  const all = await edits(part);
  const session = await (await opener(subject))(RUN);
  const stop = await probe();
  const begin = performance.now();
  if (way === 'grouped') await writeGroups(session, all);
  else await writeKeystrokes(session, all);
  const total = performance.now() - begin;
  return { total, ...(await stop()) };
}

async function writeGroups(session: Session, all: readonly Edit[]): Promise<void> {
  let text: Text = emptyText;
  for (let done = 0; done < all.length; done += GROUP) {
    const group = all.slice(done, done + GROUP);
    if (!session.keepsState) for (const one of group) text = edit(text, one);
    await session.append(group, text);
  }
}

async function writeKeystrokes(session: Session, all: readonly Edit[]): Promise<void> {
  let text: Text = emptyText;
  let typed = 0;
  for (const one of all) {
    if (!session.keepsState) text = edit(text, one);
    session.type?.(one);
    if (++typed % GROUP === 0) await turn();
  }
  await session.settled?.();
}

/** Keeps a snapshot of the session's state before its last events. */
export async function snapshot(subject: string, part: number): Promise<void> {
  const session = await (await opener(subject))(RUN);
  const all = await edits(part);
  const seq = Math.max(1, all.length - TAIL);
  let text: Text = emptyText;
  for (const one of all.slice(0, seq)) text = edit(text, one);
  await session.snapshot?.(seq, text);
}

/** Opens and recovers the session on this page. */
export async function recover(subject: string, withSnapshot: boolean): Promise<Recovered> {
  const open = await opener(subject);
  const begin = performance.now();
  const session = await open(RUN);
  const content = await session.recover(withSnapshot);
  return { total: performance.now() - begin, content };
}

/** Imports what it takes, opens and recovers the session; in ms. */
export async function startUp(subject: string): Promise<number> {
  const begin = performance.now();
  const session = await (await opener(subject))(RUN);
  await session.recover(true);
  return performance.now() - begin;
}

/** The bare fold: what no storage can save. */
export async function foldOnly(part: number): Promise<Recovered> {
  const all = await edits(part);
  const begin = performance.now();
  let text: Text = emptyText;
  for (const one of all) text = edit(text, one);
  return { total: performance.now() - begin, content: contentOf(text) };
}
