/** `kubectl fairway explain` tells whether a pod's promise fits, where, why not elsewhere, and what would. */
import { Command } from "commander";
import { tiersOfClass } from "../../admission/class-tiers.ts";
import { classResource } from "../../cluster/class-object.ts";
import type { Tiers } from "../../promise/tiers.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../print.ts";
import { stdoutLook } from "../status/render.ts";
import { usage } from "../usage.ts";
import { type Api, withApi } from "./api.ts";
import { chosen, wholeCluster } from "./cluster.ts";
import { explainAsData, renderExplained } from "./explain-text.ts";
import { type Explained, explained } from "./explained.ts";
import { askKubectl } from "./proxy.ts";
import { type CommonOptions, type Reach, withReach } from "./reach.ts";
import { type Named, parseNamed, subjectOf } from "./subject.ts";

interface ExplainOptions extends CommonOptions {
  tiersFrom: string;
}

/** As kubectl takes it: what the context says, else "default". */
async function usualNamespace(reach: Reach): Promise<string> {
  const asked = ["config", "view", "--minify", "--output=jsonpath={..namespace}"];
  const { code, stdout } = await askKubectl(reach, asked);
  const [namespace = ""] = stdout.trim().split(" ");
  return code === 0 && namespace !== "" ? namespace : "default";
}

/** null means that the cluster has no such class, whose tiers count for nobody then. */
async function tiersIn(api: Api, name: string): Promise<Tiers | null> {
  const found = await api.get(`get BandwidthClass ${name}`, `${classResource.path}/${name}`);
  return found === null ? null : tiersOfClass(found);
}

/** Whether all that is asked for is placed, or can be. */
function isGood({ asking, node, replicas, fits }: Explained): boolean {
  if (asking.kind === "refused") return false;
  if (replicas !== null)
    return replicas.more === null || replicas.placed + replicas.more >= replicas.wanted;
  return node !== null || fits.some((each) => each.fits);
}

async function run(named: Named, options: ExplainOptions): Promise<void> {
  const namespace = options.namespace ?? (await usualNamespace(options));
  const found = await withApi(options, async (api) => {
    const subject = await subjectOf(api, named, namespace);
    const tiers = await tiersIn(api, options.tiersFrom);
    const { nodes, pods } = await wholeCluster(api);
    return explained({ subject, tiers, nodes: chosen(nodes, options.node), pods });
  });
  process.stdout.on("error", () => {});
  print(explainAsData(found), options.json, () => renderExplained(found, stdoutLook().columns));
  process.exitCode = isGood(found) ? exitCodes.done : exitCodes.failed;
}

export function kubectlExplainCommand(): Command {
  return withReach(new Command("explain"))
    .description("whether a pod's promise fits, on which nodes, why not elsewhere, and what would")
    .argument("<POD>", "POD or deployment/NAME", usage(parseNamed))
    .option("-n, --namespace <NAME>", "where it is (else the context's namespace)")
    .option(
      "--tiers-from <CLASS>",
      "the BandwidthClass whose tiers count (the chart's scheduling.tiersFrom)",
      "default",
    )
    .action(run);
}
