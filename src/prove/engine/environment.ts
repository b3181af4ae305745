import { cpus, release, totalmem } from "node:os";
import { run } from "../lab/run.ts";
import type { Environment } from "./result.ts";

/** What a reader needs to compare two runs. Nothing in it names the machine. */
export function environment(fairwayVersion: string, congestionControl: string): Environment {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model.trim() || "unknown",
    memoryBytes: totalmem(),
    kernel: release(),
    congestionControl,
    versions: [
      { name: "fairway", version: fairwayVersion },
      { name: "bun", version: Bun.version },
      {
        name: "iproute2",
        version: run(["tc", "-V"]).stdout.match(/iproute2-(\S+?),?\s/)?.[1] ?? "unknown",
      },
    ],
  };
}
