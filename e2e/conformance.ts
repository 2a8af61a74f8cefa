import { eventStoreCases, snapshotStoreCases, storesCases } from '../src/conformance/index.ts';
import type { Outcome } from './pages/conformance.ts';

/** What `runCases` of `pages/conformance.ts` runs, in its order. */
export const caseNames = [
  ...snapshotStoreCases.map(({ name }) => `snapshots: ${name}`),
  ...eventStoreCases.map(({ name }) => `events: ${name}`),
  ...storesCases.map(({ name }) => `both: ${name}`),
];

interface Context {
  readonly script: string;
  /** Runs in a page. */
  run(script: string): Promise<Outcome[]>;
}

/** Where the suite runs in a browser. */
export const contexts: Record<string, Context> = {
  'a page': {
    script: '/e2e/pages/conformance.ts',
    run: async (script) => (await import(script)).runCases(),
  },

  'a dedicated worker': {
    script: '/e2e/pages/conformance-worker.ts',
    run: (script) =>
      new Promise<Outcome[]>((resolve, reject) => {
        const worker = new Worker(script, { type: 'module' });
        worker.onerror = ({ message }) => reject(new Error(message));
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        worker.postMessage('run', [port2]);
      }),
  },

  'a Service Worker': {
    script: '/e2e/pages/conformance-worker.ts',
    run: async (script) => {
      const { installing, waiting, active } = await navigator.serviceWorker.register(script, {
        type: 'module',
      });
      const worker = installing ?? waiting ?? active;
      return new Promise<Outcome[]>((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        worker?.postMessage('run', [port2]);
      });
    },
  },
};
