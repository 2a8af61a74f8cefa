import { rotated } from '../statistics.ts';
import { type Bench, inProfile, say } from './workload.ts';

const places = [undefined, 'memory', 'a second database'] as const;
/** So many events are appended one by one. */
const EVENTS = { awaited: 1_000, typed: 10_000 };

/** What a mirror costs the run that it follows. */
export async function mirrors(bench: Bench): Promise<void> {
  // The first one is to warm up.
  for (let round = 0; round <= bench.rounds; round++) {
    for (const place of rotated(places, round)) {
      const subject = `a run${place ? ` with a mirror in ${place}` : ''}`;
      if (!bench.among({ name: subject })) continue;
      say(`mirrors: round ${round} of ${bench.rounds}, ${subject}`);
      for (const way of ['awaited', 'typed'] as const) {
        const events = EVENTS[way] / (bench.quick || round === 0 ? 5 : 1);
        const { total, mirrored, longest, sum } = await inProfile(bench, (profile) =>
          profile.use((tab) => tab.call('appendMirrored', way, events, place)),
        );
        if (round === 0) continue;
        const add = (what: string, value: number) => {
          const name = `${events.toLocaleString('en')} events ${way}, ${what}`;
          bench.samples.add({ workload: 'editing', what: name, subject, unit: 'ms' }, value);
        };
        add('total', total);
        add('until the mirror has them, too', mirrored);
        add('longest block', longest);
        add('blocked', sum);
      }
    }
  }
}
