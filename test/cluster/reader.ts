/** Commands of a page, run on a cluster as a reader copies them. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { helm } from "../chart/helm.ts";
import { repository } from "../support/binary.ts";
import type { Cluster } from "./cluster.ts";
import { kubernetesPart } from "./tools.ts";

/** Runs commands in the repository, as the administrator. The first that fails ends them. What they printed. */
export type Reader = (commands: string) => Promise<string>;

export function readerOf(cluster: Cluster): Reader {
  const { machine, kubeconfig } = cluster.control;
  const folder = join(cluster.scratch, "commands");
  mkdirSync(folder);
  const [kubernetes = ""] = kubernetesPart("kubectl");
  symlinkSync(kubernetes, join(folder, "kubectl"));
  symlinkSync(helm, join(folder, "helm"));
  return async (commands) => {
    console.log(commands.replaceAll(/^(?=.)/gm, "$ "));
    const printed = await machine.must(["sh", "-ec", `cd "$0"\n${commands}`, repository], {
      env: {
        ...{ KUBECONFIG: kubeconfig, HOME: machine.disk },
        PATH: `${folder}:${minimalEnvironment().PATH}`,
      },
      timeoutMs: 120_000,
    });
    console.log(printed.trimEnd());
    return printed;
  };
}
