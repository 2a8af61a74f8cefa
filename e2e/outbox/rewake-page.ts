import { queue } from '../../examples/workflow-outbox.ts';

navigator.serviceWorker.register('/rewake-worker.js', { type: 'module' });

// As the test calls it.
Object.assign(globalThis, {
  post: async (message: string): Promise<void> => {
    await queue(message);
  },
});
