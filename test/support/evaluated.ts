/**
 * Which modules a verb evaluates, and which of them before its answer: the plugin is bundled as
 * scripts/build does it, with a line in front of every module that tells of it.
 */
import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { repository } from "./binary.ts";
import { requestOf, type TestNode, verbEnvironment } from "./node.ts";

/** Code in front of a module, by its path in the repository. */
export type Tampering = Record<string, string>;

/** Writes the bundle; returns its path. */
export async function buildTelling(outdir: string, tampering: Tampering = {}): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(repository, "bin/fairway.ts")],
    target: "bun",
    format: "esm",
    outdir,
    plugins: [
      {
        name: "tell",
        setup(build) {
          build.onLoad({ filter: /\.[cm]?[jt]s$/ }, ({ path, loader }) => {
            const name = relative(repository, path);
            const told = `globalThis.evaluated(${JSON.stringify(name)});`;
            const contents = `${tampering[name] ?? ""}${told}${readFileSync(path, "utf8")}`;
            return { contents, loader };
          });
        },
      },
    ],
  });
  const [output] = built.outputs;
  if (output === undefined) throw new Error("nothing was built");
  return output.path;
}

export interface Evaluated {
  before: string[];
  after: string[];
  answer: string;
}

const hook = join(repository, "test/cni/fixtures/tell-evaluated.ts");

/** Runs a verb by the bundle; it must succeed. */
export function evaluatedBy(
  bundle: string,
  node: TestNode,
  verb: string,
  pod: ReturnType<TestNode["pod"]>,
  config: Record<string, unknown> = {},
): Evaluated {
  const [told, answer] = [join(node.dataDir, "evaluated"), join(node.dataDir, "answer")];
  const argv = [process.execPath, "--preload", hook, bundle];
  const done = inNamespace(node.lab.node, ["sh", "-c", `exec "$@" >${answer}`, "sh", ...argv], {
    stdin: requestOf(node.config, { config }),
    env: { ...verbEnvironment(verb, pod, {}), EVALUATED_FILE: told },
  });
  const text = readFileSync(answer, "utf8");
  if (done.code !== 0) throw new Error(`${verb} ended with ${done.code}: ${text}${done.stderr}`);
  const lines = readFileSync(told, "utf8").trim().split("\n");
  rmSync(told);
  const of = (when: string): string[] =>
    lines.flatMap((line) => (line.startsWith(`${when} `) ? [line.slice(when.length + 1)] : []));
  return { before: of("before"), after: of("after"), answer: text };
}

/** The packages among them, by name. */
export function packagesOf(paths: readonly string[]): string[] {
  const names = paths.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
