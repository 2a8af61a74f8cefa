/** A turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** So many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}
