import type { Command, Report } from './messages.ts';

/** The page's Worker: it follows the run, and goes on with it when nobody else does. */
export class ImportWorker {
  readonly #hear: (report: Report) => void;
  #worker: Worker | undefined;

  /** `hear` receives what the Worker reports, failures of its own included. */
  constructor(hear: (report: Report) => void) {
    this.#hear = hear;
  }

  /** Starts one, in place of the one before. */
  employ(open: Command): void {
    this.dismiss();
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const fail = (message: string) => this.#hear({ type: 'failed', code: 'unknown', message });
    worker.onmessage = ({ data }: MessageEvent<Report>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message || 'The Worker did not start.');
    };
    worker.onmessageerror = () => fail('A message of the Worker was unreadable.');
    this.#worker = worker;
    this.command(open);
  }

  command(command: Command): void {
    this.#worker?.postMessage(command);
  }

  /** No farewell: it stops where it is, and nothing is heard of it any more. */
  dismiss(): void {
    if (!this.#worker) return;
    this.#worker.onmessage = null;
    this.#worker.terminate();
    this.#worker = undefined;
  }
}
