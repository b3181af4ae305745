/** The project's own generators of traffic, started in a namespace and stopped whatever happens. */

import { minimalEnvironment } from "../../src/ops/child.ts";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import type { TrafficSpec } from "../../src/prove/traffic/spec.ts";
import { prover } from "./binary.ts";

type Start = (namespace: string, spec: TrafficSpec) => Promise<void>;

/** Starts one and waits for its first line: it listens, or is connected. */
async function started(namespace: string, spec: TrafficSpec) {
  const child = Bun.spawn(insideNamespace(namespace, [prover, "traffic", JSON.stringify(spec)]), {
    env: minimalEnvironment(),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  const line = new TextDecoder().decode(value);
  if (!line.startsWith('{"type":"ready"}')) throw new Error(`${spec.role}: ${line}`);
  return child;
}

export async function withTraffic<T>(use: (start: Start) => Promise<T>): Promise<T> {
  const children: Awaited<ReturnType<typeof started>>[] = [];
  try {
    return await use(async (namespace, spec) => {
      children.push(await started(namespace, spec));
    });
  } finally {
    for (const child of children) child.kill();
    await Promise.all(children.map((child) => child.exited));
  }
}
