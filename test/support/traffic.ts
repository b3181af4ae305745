/** The project's own generators of traffic, started in a namespace and stopped whatever happens. */

import { minimalEnvironment } from "../../src/ops/child.ts";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import type { TrafficReport, TrafficSpec } from "../../src/prove/traffic/spec.ts";
import { prover } from "./binary.ts";

/** Returns what it has reported so far, at each moment. */
type Start = (namespace: string, spec: TrafficSpec) => Promise<() => readonly TrafficReport[]>;

/** Starts one and waits for its first line: it listens, or is connected. */
async function started(namespace: string, spec: TrafficSpec) {
  const child = Bun.spawn(insideNamespace(namespace, [prover, "traffic", JSON.stringify(spec)]), {
    env: minimalEnvironment(),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { promise: isReady, resolve } = Promise.withResolvers<void>();
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) {
      text += Buffer.from(chunk).toString();
      if (text.includes("\n")) resolve();
    }
    resolve();
  })();
  await isReady;
  if (!text.startsWith('{"type":"ready"}')) throw new Error(`${spec.role}: ${text}`);
  const reports = () =>
    text
      .slice(0, text.lastIndexOf("\n"))
      .split("\n")
      .map((line) => JSON.parse(line) as TrafficReport);
  const end = async (): Promise<void> => {
    child.kill();
    await child.exited;
    await reading;
  };
  return { reports, end };
}

export async function withTraffic<T>(use: (start: Start) => Promise<T>): Promise<T> {
  const children: Awaited<ReturnType<typeof started>>[] = [];
  try {
    return await use(async (namespace, spec) => {
      const child = await started(namespace, spec);
      children.push(child);
      return child.reports;
    });
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
}
