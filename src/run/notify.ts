/** Calls every listener. One that throws harms no other; `report` is told what it threw. */
export function notify(listeners: Iterable<() => void>, report: (thrown: unknown) => void): void {
  for (const listener of listeners) {
    try {
      listener();
    } catch (thrown) {
      report(thrown);
    }
  }
}
