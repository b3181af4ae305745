import { FairwayError, messageOf } from "../../errors.ts";
import { startChild } from "../../ops/child.ts";
import { insideNamespace } from "../lab/namespaces.ts";
import type { TrafficReport, TrafficSpec } from "../traffic/spec.ts";
import { trafficCommand } from "./self.ts";

/** A generator of traffic, running in a namespace until it is stopped or its time is over. */
export interface Generator {
  /** All the lines that came so far. */
  reports: readonly TrafficReport[];
  /** Resolves when the generator has ended, and throws where it failed by itself. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** These come on top of its own time: one for its start, one until a stuck generator is given up. */
const START_MS = 10_000;
const STUCK_MS = 5_000;

/**
 * Starts a generator and waits until it is ready (listening, connected).
 * The signal ends it. It would also end by itself: after `spec.forMs`, and when this process dies.
 * @throws FairwayError unavailable with what the generator said.
 */
async function startGenerator(
  namespace: string,
  spec: TrafficSpec,
  signal: AbortSignal,
): Promise<Generator> {
  const child = startChild(
    insideNamespace(namespace, [...trafficCommand(), JSON.stringify(spec)]),
    { timeoutMs: spec.forMs + START_MS + STUCK_MS, signal },
  );
  const reports: TrafficReport[] = [];
  let stopped = false;
  const ready = Promise.withResolvers<void>();
  const read = async (): Promise<void> => {
    for await (const line of child.iterable()) {
      const report = JSON.parse(line) as TrafficReport;
      reports.push(report);
      if (report.type === "ready") ready.resolve();
    }
  };
  const ended = (async () => {
    const [done] = await Promise.all([child, read()]);
    if (stopped || signal.aborted || done.exitCode === 0) return;
    const failed = reports.find((report) => report.type === "failed");
    throw new FairwayError(
      "unavailable",
      `the traffic generator ${spec.role} failed: ${failed?.msg ?? done.shortMessage}`,
      done.stderr || undefined,
    );
  })();
  ended.then(
    () => ready.reject(signal.reason ?? new Error(`${spec.role} ended before it was ready`)),
    ready.reject,
  );
  const tooLate = setTimeout(() => {
    ready.reject(
      new FairwayError("unavailable", `the generator ${spec.role} did not start in time`),
    );
  }, START_MS);
  try {
    await ready.promise;
  } catch (error) {
    child.kill();
    throw error instanceof FairwayError || signal.aborted
      ? error
      : new FairwayError("unavailable", messageOf(error));
  } finally {
    clearTimeout(tooLate);
  }
  return {
    reports,
    ended,
    async stop() {
      stopped = true;
      child.kill();
      await ended;
    },
  };
}

/** Starts one generator and waits until it is ready. */
export type Start = (namespace: string, spec: TrafficSpec) => Promise<Generator>;

/** Runs `use` with generators that are stopped afterwards, also where it throws. */
export async function withGenerators<T>(
  use: (start: Start) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const started: Generator[] = [];
  try {
    return await use(async (namespace, spec) => {
      const generator = await startGenerator(namespace, spec, signal);
      started.push(generator);
      return generator;
    });
  } finally {
    await Promise.allSettled(started.map((generator) => generator.stop()));
  }
}
