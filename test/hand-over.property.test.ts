import fc from 'fast-check';
import { isKernelError } from 'rewake';
import { forgetMark, handOver } from 'rewake/hand-over';
import { expect, test, vi } from 'vitest';
import { type Device, type Fault, type Place, runId, Scene } from './hand-over-scene.ts';

// Two devices and a server hand one run to each other, while they write, delete and compact it, and answers are lost. The
// long form: HAND_OVER_ROUNDS=4000 npx vitest run --project unit test/hand-over.property.test.ts

// So that a few events are several pages.
vi.mock('../src/hand-over/page.ts', () => ({ PAGE: 2 }));

const ROUNDS = Number(process.env.HAND_OVER_ROUNDS ?? 300);

const place = fc.constantFrom<Place>('phone', 'desktop', 'server');
const device = fc.constantFrom<Device>('phone', 'desktop');
/** So few that two logs are often the same by accident. */
const events = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 });

type Change = (scene: Scene) => Promise<void>;
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(place, events, fc.integer({ min: 1, max: 2 }))
      .map(([place, events, version]) =>
        named(`append ${events} to ${place}`, (scene) => scene.append(place, events, version)),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(place, fc.nat({ max: 4 }))
      .map(([place, left]) => named(`compact ${place} but ${left}`, (scene) => scene.compact(place, left))),
  },
  fc
    .tuple(place, fc.nat({ max: 4 }))
    .map(([place, left]) =>
      named(`save ${place} at its head less ${left}`, (scene) => scene.save(place, left)),
    ),
  place.map((place) => named(`delete ${place}`, (scene) => scene.delete(place))),
  fc.tuple(place, events).map(([place, events]) =>
    named(`begin ${place} anew with ${events}`, async (scene) => {
      await scene.delete(place);
      await scene.append(place, events, 1);
    }),
  ),
);

const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 1, max: 12 }),
  kind: fc.constantFrom('not sent', 'answer lost', 'answer lost', 'answer lost', 'abort', 'meanwhile'),
  meanwhile: change,
});

const counts = {
  calls: 0,
  lost: 0,
  aborted: 0,
  meanwhile: 0,
  forks: 0,
  others: 0,
  compacted: 0,
  appended: 0,
  begun: 0,
};

async function hand(scene: Scene, device: Device, from: Place, to: Place, fault?: Fault): Promise<void> {
  counts.calls++;
  const expected = await scene.expected(device, from, to);
  const bases = (await scene.read(to)).base;
  const { options, happened, settled } = scene.faulty(device, from, to, fault);
  const outcome = await handOver(options).catch((error: unknown) => {
    if (!isKernelError(error)) throw error;
    return { code: error.code, seq: error.seq };
  });
  await settled();
  const refused = 'code' in expected;
  const isMeanwhile = happened() && fault?.kind === 'meanwhile';
  if (!happened()) expect(outcome).toEqual(expected);
  else if (!isMeanwhile) {
    // What is to be refused is never done, whatever else goes wrong.
    if (refused) expect(outcome).toMatchObject({ code: expect.any(String) });
    if ('code' in outcome && !refused) expect(outcome.code).toMatch(/^(connection-lost|aborted)$/);
  }
  if (happened() && fault?.kind === 'abort') counts.aborted++;
  if (happened() && /sent|lost/.test(fault?.kind ?? '')) counts.lost++;
  if (isMeanwhile) counts.meanwhile++;
  if ('code' in outcome && outcome.code === 'compacted') counts.compacted++;
  if ('code' in outcome && outcome.code === 'conflict')
    counts[outcome.seq === undefined ? 'others' : 'forks']++;
  if ('appended' in outcome) counts.appended += outcome.appended;
  await scene.check(from, to);
  if ((await scene.read(to)).base > bases) counts.begun++;
}

const handing: fc.Arbitrary<Change> = fc
  .tuple(device, fc.boolean(), fc.option(fault, { freq: 3, nil: undefined }))
  .map(([device, isPush, fault]) => {
    const [from, to] = isPush ? ([device, 'server'] as const) : (['server', device] as const);
    const what = fault
      ? `, call ${fault.at}: ${fault.kind} ${fault.kind === 'meanwhile' ? fc.stringify(fault.meanwhile) : ''}`
      : '';
    return named(`hand over from ${from} to ${to}${what}`, (scene) => hand(scene, device, from, to, fault));
  });

const forgetting = device.map((device) =>
  named(`${device} forgets`, (scene) => forgetMark({ runId, marks: scene.marks[device] })),
);

const steps = fc.array(
  fc.oneof({ weight: 5, arbitrary: change }, { weight: 8, arbitrary: handing }, forgetting),
  { minLength: 4, maxLength: 30 },
);

test('a log is never merged, and every fork is reported', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const scene = new Scene();
      for (const step of steps) {
        await step(scene);
        await scene.check();
      }
      // Whatever happened, it can be repeated.
      for (const device of ['phone', 'desktop'] as const) {
        await hand(scene, device, device, 'server');
        await hand(scene, device, 'server', device);
      }
    }),
    { numRuns: ROUNDS },
  );
  if (process.env.HAND_OVER_ROUNDS) console.log(ROUNDS, 'rounds', counts);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(ROUNDS / 100);
}, 600_000);

/** What a counterexample is told as. */
function named(name: string, change: Change): Change {
  return Object.assign(change, { [fc.toStringMethod]: () => name });
}
