/** `kubectl fairway doctor` shows what stands in the way of promises on each node. */
import { Command } from "commander";
import { FairwayError } from "../../errors.ts";
import { isObject, type Json } from "../../kube/objects.ts";
import { viewPaths } from "../../metrics/pages.ts";
import { renderFindings } from "../doctor/command.ts";
import { exitCodeOf } from "../doctor/examine.ts";
import type { Finding } from "../doctor/finding.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../print.ts";
import { Agents } from "./agents.ts";
import { withApi } from "./api.ts";
import { chosen, nodesWithAgents } from "./cluster.ts";
import { errorLines, type FromNode, fromEach } from "./each-node.ts";
import { type CommonOptions, withReach } from "./reach.ts";

type Examined = FromNode<Finding[]>;

const isFinding = (value: unknown): value is Finding =>
  isObject(value) &&
  typeof value.id === "string" &&
  typeof value.found === "string" &&
  (value.todo === null || typeof value.todo === "string") &&
  ["ok", "warn", "error"].some((level) => level === value.level);

function findingsIn({ findings }: Json, node: string): Finding[] {
  if (Array.isArray(findings) && findings.every(isFinding)) return findings;
  throw new FairwayError(
    "unavailable",
    `${node}: its agent tells findings that this command cannot read`,
    "take the kubectl fairway of the agents' version; `kubectl fairway nodes` shows that",
  );
}

function renderExamined(examined: readonly Examined[]): string {
  const blocks = examined.flatMap(({ node, found }) => {
    if (found === null) return [];
    return [`${examined.length === 1 ? "" : `== ${node}\n`}${renderFindings(found)}`];
  });
  return [...blocks, ...errorLines(examined).map((words) => `${words}\n`)].join("\n");
}

function worst(examined: readonly Examined[]): number {
  const codes = examined.map(({ found }) =>
    found === null ? exitCodes.failed : exitCodeOf(found),
  );
  return codes.find((code) => code === exitCodes.failed) ?? Math.max(exitCodes.done, ...codes);
}

/** Of what `--json` prints. */
const doctorSchemaVersion = 1;

async function run(options: CommonOptions): Promise<void> {
  const examined = await withApi(options, async (api) => {
    const agents = new Agents(api);
    return await fromEach(chosen(await nodesWithAgents(api), options.node), async (node) =>
      findingsIn(await agents.ask(node, { path: viewPaths.doctor }), node.node.name),
    );
  });
  // Whoever reads it may stop before its end.
  process.stdout.on("error", () => {});
  const nodes = examined.map(({ node, found, error }) => ({ node, findings: found, error }));
  print({ schemaVersion: doctorSchemaVersion, nodes }, options.json, () =>
    renderExamined(examined),
  );
  process.exitCode = worst(examined);
}

export const kubectlDoctorCommand = (): Command =>
  withReach(new Command("doctor"))
    .description("what stands in the way of promises on each node, and what to do")
    .action(run);
