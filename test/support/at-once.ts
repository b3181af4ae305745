/** Does the same with many things, some at a time. */
export async function atOnce<T>(
  things: readonly T[],
  most: number,
  act: (thing: T) => Promise<unknown>,
): Promise<void> {
  const left = things.values();
  const worker = async (): Promise<void> => {
    for (const thing of left) await act(thing);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
