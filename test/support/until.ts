/** Waits for what another process brings about. */
const defaultLimitMs = 30_000;

/** What throws does not hold yet. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = defaultLimitMs,
): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  let why = "";
  for (;;) {
    try {
      if (await holds()) return;
    } catch (error) {
      why = `: ${error}`;
    }
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${limitMs} ms${why}`);
    await Bun.sleep(20);
  }
}
