import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import type { Sample } from './samples.ts';
import { type Target, targets } from './targets.ts';

/** Everything that a run of the benchmark has found out. */
export interface Results {
  readonly machine: Machine;
  readonly options: { readonly trace: string; readonly rounds: number };
  readonly versions: { readonly [name: string]: string };
  readonly targets: readonly Target[];
  readonly samples: readonly Sample[];
}

interface Machine {
  readonly date: string;
  readonly browser: string;
  readonly system: string;
  readonly cpu: string;
  readonly memory: string;
}

const packages = [
  'rewake',
  'idb',
  'idb-keyval',
  'dexie',
  'localforage',
  'y-indexeddb',
  'yjs',
  '@xstate/store',
];

export function thisMachine(browser: string): Machine {
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    browser,
    system: `${type()} ${release()}`,
    cpu: `${cpus().length} × ${first?.model.trim() ?? 'an unknown processor'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
  };
}

export function packageVersions(): Results['versions'] {
  const versionOf = (name: string) => {
    const folder = name === 'rewake' ? '..' : `../node_modules/${name}`;
    const url = new URL(`${folder}/package.json`, import.meta.url);
    return String(JSON.parse(readFileSync(url, 'utf8')).version);
  };
  return Object.fromEntries(packages.map((name) => [name, versionOf(name)]));
}

/**
 * `kept`, with the workloads of `part` in place of its own; `undefined` where those were not measured the same way, on the
 * same machine on the same day.
 */
export function merged(kept: Results, part: Results): Results | undefined {
  const circumstances = ({ machine, options, versions }: Results) =>
    JSON.stringify([machine, options, versions]);
  if (circumstances(kept) !== circumstances(part)) return undefined;
  const again = new Set(part.samples.map(({ workload }) => workload));
  const samples = [...kept.samples.filter(({ workload }) => !again.has(workload)), ...part.samples];
  return { ...part, samples, targets: targets(samples) };
}
