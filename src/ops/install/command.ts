/** `fairway install` puts the plugin on a node, or a newer one over it. */
import { Command, Option } from "commander";
import { defaultSocket } from "../../agent/protocol.ts";
import { chainWays } from "../../chain/record.ts";
import { defaults } from "../../config/defaults.ts";
import { parseDurationUs } from "../../config/quantities.ts";
import { asUsage, refuseBoth, requireWith } from "../command-line.ts";
import { letSettingsBeWritten } from "../host/writable-settings.ts";
import { collect, usage } from "../usage.ts";
import { version } from "../version.ts";
import { checkAsked, type InstallOptions } from "./asked.ts";
import { awaitPrimary } from "./await-primary.ts";
import { withClusterSubnets } from "./cluster-subnets.ts";
import { applyFiles } from "./files.ts";
import { usualPlaces } from "./places.ts";
import { isChained } from "./plan-chain.ts";
import { planInstall } from "./plan-install.ts";
import { withUnit } from "./with-unit.ts";

interface Options extends InstallOptions {
  dryRun?: boolean;
  /** Milliseconds. */
  wait?: number;
}

const ownNetworks = [
  "subnet",
  "subnetFromNodeJson",
  "subnetFromConflist",
  "subnetFromCluster",
  "networkName",
  "ipMasqExcept",
  "allowEarlier",
] as const;

function checkUsage(options: Options, command: Command): void {
  for (const name of ownNetworks)
    refuseBoth(command, "chain", name, "the network is another's then, and so are its addresses");
  requireWith(command, ["chainWay", "wait", "replaceBandwidth"], "chain");
  asUsage(command, () => checkAsked(options, isChained(options)));
}

/** The options that both commands take. */
export function withPlaceOptions(command: Command): Command {
  return (
    command
      // An added command does not inherit this. Without it a wrong option would end with 1.
      .exitOverride()
      .option("--bin-dir <DIR>", `the runtime's plugins (default: ${usualPlaces.binDir})`)
      .option("--conf-dir <DIR>", `the runtime's conflists (default: ${usualPlaces.confDir})`)
      .option(
        "--conf-file <NAME>",
        `our conflist in it; the first by name counts (default: ${usualPlaces.confFile})`,
      )
      .option("--unit-dir <DIR>", `systemd's units (default: ${usualPlaces.unitDir})`)
      .option(
        "--data-dir <DIR>",
        `the ledger's folder (default: the conflist's, else ${defaults.dataDir})`,
      )
      .option("--dry-run", "say what would be done, and do nothing")
  );
}

async function run(options: Options, command: Command): Promise<void> {
  checkUsage(options, command);
  // The node's verbs can write them, by which it is judged; in a container it would not look so.
  letSettingsBeWritten();
  if (options.wait !== undefined) await awaitPrimary(options, options.wait);
  const { steps, agent, notes, summary } = planInstall(await withClusterSubnets(options));
  if (options.dryRun !== true) withUnit(agent, () => applyFiles(steps)).commit();
  const done = [...agent.before, ...steps, ...agent.after];
  const lines = [
    ...done.map(({ words }) => words),
    ...notes.map((note) => `note: ${note}`),
    done.length === 0 ? `nothing changed: ${version} is installed; ${summary}` : summary,
    ...(options.dryRun === true ? ["nothing was done: --dry-run"] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

const parseWait = (text: string): number => parseDurationUs(text, "--wait") / 1000;

export function installCommand(): Command {
  return withPlaceOptions(new Command("install"))
    .description(
      "put this executable and a conflist on the node, or a newer executable over an older one",
    )
    .option("--subnet <CIDR>", "the pods' subnet of this node; once for each family", collect)
    .option("--subnet-from-node-json <FILE>", "read it from the node's object (-: standard input)")
    .option("--subnet-from-conflist <FILE>", "read it from another plugin's conflist")
    .option(
      "--subnet-from-cluster",
      "read it from the node's object, of the API server (in a pod, or with --kubeconfig); waits a minute for it",
    )
    .option("--node <NAME>", "which node that is (default: NODE_NAME of the environment)")
    .option("--kubeconfig <FILE>", "how the API server is reached, outside of a pod")
    .option("--conflist <FILE>", "an own conflist, into which the other options are put")
    .option("--network-name <NAME>", "the conflist's name")
    .option("--uplink <NAME>", "uplink.name")
    .option("--egress-capacity <RATE>", "uplink.egressCapacity")
    .option("--ingress-capacity <RATE>", "uplink.ingressCapacity")
    .option(
      "--ip-masq-except <CIDR>",
      "ipMasqExcept: a network to which pods keep their addresses, the cluster's pods above all; once for each",
      collect,
    )
    .option(
      "--launcher <FILE>",
      "what the runtime calls in front of the executable (default: the fairway-launcher-... beside the executable, if there is one)",
    )
    .option("--agent", "run the agent by systemd, which the launcher asks")
    .option("--no-agent", "take the agent's unit off again; the launcher stays")
    .option(
      "--socket <PATH>",
      `where the launcher finds the agent (default: as it is, else ${defaultSocket})`,
    )
    .option("--chain", "behind the network that is there, whose plugins make the pods' interfaces")
    .addOption(
      new Option(
        "--chain-way <WAY>",
        "a copy that sorts first and follows the original; libcni's drop-in folder, where the runtime reads it; or an edit of the file itself (default: copy)",
      ).choices(chainWays),
    )
    .option("--replace-bandwidth", "leave the chain's reference `bandwidth` plugin out")
    .option("--wait <TIME>", "so long for a network to stand behind", usage(parseWait))
    .option(
      "--without-fallback",
      "place what this node cannot run all the same: an agent in a container serves verbs, and nobody else",
    )
    .option("--allow-earlier", "where another conflist that comes first is meant to (Multus)")
    .action(run);
}
