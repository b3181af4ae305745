/** What libcni keeps of an ADD, as a runtime writes it (libcni/api.go, cachedInfo). */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Json = Record<string, unknown>;

export interface Remembered {
  /** One plugin's configuration, its name and version in it. */
  config: Json;
  containerId: string;
  netns: string;
  annotations?: Record<string, string>;
  args?: [string, string][];
  /** What the ADD returned. */
  result: Json;
}

/** The file of an attachment, which is made anew. */
export function remember(
  folder: string,
  { config, containerId, netns, annotations = {}, args = [], result }: Remembered,
): string {
  const { name, cniVersion, ...plugin } = config;
  const capabilities = { bandwidth: true, "io.kubernetes.cri.pod-annotations": true };
  const list = { cniVersion, name, plugins: [{ ...plugin, capabilities }] };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${containerId}-eth0`);
  const cached = {
    kind: "cniCacheV1",
    containerId,
    config: Buffer.from(JSON.stringify(list)).toString("base64"),
    ifName: "eth0",
    networkName: name,
    netns,
    cniArgs: args,
    // Runtimes offer more than a plugin declares.
    capabilityArgs: { "io.kubernetes.cri.pod-annotations": annotations, cgroupPath: "/kubepods" },
    result,
  };
  writeFileSync(file, JSON.stringify(cached), { mode: 0o600 });
  return file;
}
