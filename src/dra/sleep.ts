/** Sleeps, but not beyond the moment at which one of the signals is aborted. */
export async function sleepUntil(ms: number, ...signals: AbortSignal[]): Promise<void> {
  const ended = AbortSignal.any(signals);
  if (ended.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const timer = setTimeout(end, ms);
  ended.addEventListener("abort", end);
  await promise;
  clearTimeout(timer);
  ended.removeEventListener("abort", end);
}
