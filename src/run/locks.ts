/** The part of the platform's `LockManager` that is needed here. */
export interface Locks {
  request(
    name: string,
    options: { mode?: 'shared'; ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    hold: (lock: unknown) => Promise<void>,
  ): Promise<unknown>;
  query(): Promise<{ held?: { name?: string }[] }>;
}
