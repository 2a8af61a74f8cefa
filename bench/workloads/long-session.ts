import { median } from '../statistics.ts';
import { type Bench, beginLog, inProfile, say } from './workload.ts';

const KEEP = 10_000;
const PARTS = 10;

/** What a session costs that is as long as `events`. */
interface Stage {
  readonly events: number;
  /** In a browser that has just started, in ms. */
  readonly opening: number;
  /** Of a hundred events, the median in ms. */
  readonly append: number;
  readonly bytes: number;
  /** After LevelDB was made to sort its log into tables, which it does by itself when it opens or has written 4 MB. */
  readonly settledBytes: number;
}

/**
 * A session of a million events in ten parts, each in a browser that was started anew, with every event kept and with
 * the last ten thousand: does anything grow?
 */
export async function longSession(bench: Bench): Promise<string> {
  const whole = bench.quick ? 50_000 : 1_000_000;
  const stagesOf = (keepEvents?: number) =>
    inProfile(bench, async (profile) => {
      const stages: Stage[] = [];
      for (let part = 1; part <= PARTS; part++) {
        const events = (whole / PARTS) * part;
        say(`long session: ${events} events, keepEvents: ${keepEvents}`);
        const times = await profile.use((tab) => tab.call('continueSession', events, keepEvents));
        const bytes = profile.bytes();
        if (bench.browser === 'chromium') await beginLog(profile);
        const settledBytes = profile.bytes();
        stages.push({ events, opening: times.opening, append: median(times.appends), bytes, settledBytes });
      }
      return stages;
    });
  const kept = await stagesOf();
  const compacted = await stagesOf(bench.quick ? KEEP / 20 : KEEP);
  return tableOf(kept, compacted);
}

function tableOf(kept: readonly Stage[], compacted: readonly Stage[]): string {
  const columns: readonly (readonly [string, (stage: Stage) => string])[] = [
    ['opening, ms', ({ opening }) => opening.toFixed(0)],
    ['appending 100, ms', ({ append }) => append.toFixed(2)],
    ['MB on disk', ({ bytes }) => (bytes / 1e6).toFixed(1)],
    ['settled', ({ settledBytes }) => (settledBytes / 1e6).toFixed(1)],
  ];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [
    row([
      'events',
      ...columns.map(([name]) => `every event kept: ${name}`),
      ...columns.map(([name]) => `keepEvents: ${name}`),
    ]),
    row(['--:', ...columns.map(() => '--:'), ...columns.map(() => '--:')]),
    ...kept.map((stage, index) => {
      const other = compacted[index] ?? stage;
      const cells = [stage, other].flatMap((one) => columns.map(([, cell]) => cell(one)));
      return row([stage.events.toLocaleString('en'), ...cells]);
    }),
  ].join('');
}
