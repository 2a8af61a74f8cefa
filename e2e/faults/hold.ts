/** A promise, and what resolves it. */
function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/**
 * `target`, one method of which waits before it does its work or after it, as on a slow device, until `release`
 * is called. `reached` resolves when it waits.
 */
export function hold<T extends object>(target: T, method: keyof T & string, when: 'before' | 'after') {
  const [reached, released] = [deferred(), deferred()];
  const wait = () => {
    reached.resolve();
    return released.promise;
  };
  const get = (_: T, name: string | symbol): unknown => {
    const value: unknown = Reflect.get(target, name);
    if (typeof value !== 'function') return value;
    if (name !== method) return value.bind(target);
    return async (...args: unknown[]) => {
      if (when === 'before') await wait();
      const result: unknown = await Reflect.apply(value, target, args);
      if (when === 'after') await wait();
      return result;
    };
  };
  return { held: new Proxy(target, { get }), reached: reached.promise, release: released.resolve };
}
