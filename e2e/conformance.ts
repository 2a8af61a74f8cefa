import { eventStoreCases, snapshotStoreCases, storesCases } from '../src/conformance/index.ts';
import type { CodecName, Outcome } from './pages/conformance.ts';

/** What `runCases` of `pages/conformance.ts` runs, in its order. */
export const caseNames = [
  ...snapshotStoreCases.map(({ name }) => `snapshots: ${name}`),
  ...eventStoreCases.map(({ name }) => `events: ${name}`),
  ...storesCases.map(({ name }) => `both: ${name}`),
];

interface Suite {
  readonly script: string;
  readonly codec: CodecName;
}

interface Context {
  readonly script: string;
  /** Runs in a page. */
  run(suite: Suite): Promise<Outcome[]>;
}

const contexts = {
  'a page': {
    script: '/e2e/pages/conformance.ts',
    run: async ({ script, codec }) => (await import(script)).runCases(codec),
  },

  'a dedicated worker': {
    script: '/e2e/pages/conformance-worker.ts',
    run: ({ script, codec }) =>
      new Promise<Outcome[]>((resolve, reject) => {
        const worker = new Worker(script, { type: 'module' });
        worker.onerror = ({ message }) => reject(new Error(message));
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        worker.postMessage(codec, [port2]);
      }),
  },

  'a Service Worker': {
    script: '/e2e/pages/conformance-worker.ts',
    run: async ({ script, codec }) => {
      const { installing, waiting, active } = await navigator.serviceWorker.register(script, {
        type: 'module',
      });
      const worker = installing ?? waiting ?? active;
      return new Promise<Outcome[]>((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        worker?.postMessage(codec, [port2]);
      });
    },
  },
} satisfies Record<string, Context>;

/** Where the suite runs in a browser, and with which codec: without one everywhere, and with each somewhere. */
export const suites: readonly (Context & Suite & { readonly name: string })[] = (
  [
    ['a page', 'none'],
    ['a dedicated worker', 'none'],
    ['a Service Worker', 'none'],
    ['a page', 'compress'],
    ['a dedicated worker', 'pipe'],
    ['a Service Worker', 'encrypt'],
  ] as const
).map(([context, codec]) => ({
  name: codec === 'none' ? context : `${context}, with the codec ${codec}`,
  codec,
  ...contexts[context],
}));
