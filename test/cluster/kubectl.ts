/** What is asked of a cluster by kubectl. */
import type { CommandResult } from "../../src/ops/child.ts";
import { until } from "../support/until.ts";
import type { RunOptions } from "./run.ts";
import { kubernetesPart } from "./tools.ts";

export type Json = Record<string, unknown>;

/** An object, or several, as a manifest has them. */
type Manifest = string | Json | readonly Json[];

export interface Kubectl {
  /** Must succeed; what it printed. */
  kubectl(...args: string[]): Promise<string>;
  /** Whatever comes of it. */
  tryKubectl(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  apply(manifest: Manifest): Promise<string>;
  /** An object. Throws where there is none. */
  get<T = Json>(kind: string, name: string, namespace?: string): Promise<T>;
  /** Waits until something is as it is to be. What throws is not so yet. */
  until(what: string, holds: () => Promise<boolean>, limitMs?: number): Promise<void>;
}

const waitMs = 60_000;

function textOf(manifest: Manifest): string {
  if (typeof manifest === "string") return manifest;
  if (!Array.isArray(manifest)) return JSON.stringify(manifest);
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: manifest });
}

/** `runKubectl` runs the argument vector where the API server can be reached, as the administrator. */
export function kubectlOf(
  runKubectl: (argv: readonly string[], options?: RunOptions) => Promise<CommandResult>,
): Kubectl {
  const tryKubectl: Kubectl["tryKubectl"] = (args, options) =>
    runKubectl(kubernetesPart("kubectl", ...args), options);
  const must = async (args: readonly string[], options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await tryKubectl(args, options);
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  };
  return {
    tryKubectl,
    kubectl: (...args) => must(args),
    apply: (manifest) => must(["apply", "-f", "-"], { stdin: textOf(manifest) }),
    get: async <T>(kind: string, name: string, namespace = "default") =>
      JSON.parse(await must(["get", kind, name, "-n", namespace, "-o", "json"])) as T,
    until: (what, holds, limitMs = waitMs) => until(what, holds, limitMs),
  };
}
