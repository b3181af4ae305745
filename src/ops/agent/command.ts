/** `fairway agent` is one process that serves the verbs of this node. */
import { isIP } from "node:net";
import { Command, Option } from "commander";
import type { ClusterOptions } from "../../agent/agent.ts";
import type { PortOptions } from "../../agent/page-port.ts";
import { defaultSocket } from "../../agent/protocol.ts";
import { plainLine } from "../../cni/log.ts";
import { defaults } from "../../config/defaults.ts";
import { parsePath } from "../../config/paths.ts";
import { parseDurationUs } from "../../config/quantities.ts";
import { type Detail, details } from "../../metrics/detail.ts";
import type { ListenOptions } from "../../metrics/listener.ts";
import { accessBy, isNodeName, nodeNamed } from "../cluster-access.ts";
import { asUsage, requireWith } from "../command-line.ts";
import { letSettingsBeWritten } from "../host/writable-settings.ts";
import { usualPlaces } from "../install/places.ts";
import { refuseUsage, usage } from "../usage.ts";
import { compileEarly } from "./compile-early.ts";
import { looksAt } from "./looks.ts";
import { type Probe, probeAgent, probes } from "./probe.ts";

interface AgentCommandOptions {
  socket: string;
  dataDir: string;
  confDir: string;
  repair: "observe" | "repair";
  /** Milliseconds. */
  toolLimit: number;
  probe?: Probe;
  cluster?: true;
  node?: string;
  kubeconfig?: string;
  /** Milliseconds. */
  unmetAfter?: number;
  metrics: Detail;
  metricsListen?: PortOptions;
  metricsTlsCert?: string;
  metricsTlsKey?: string;
  routes: "off" | "host-gateway";
  dra?: true;
  kubeletDir?: string;
  ui?: PortOptions | true;
}

/** Other verbs wait meanwhile, and a process of one verb gives a tool no more than the longest. */
const [shortestLimitMs, longestLimitMs] = [100, 20_000];

function parseToolLimit(text: string): number {
  const ms = parseDurationUs(text, "--tool-limit") / 1000;
  if (ms >= shortestLimitMs && ms <= longestLimitMs) return ms;
  throw new Error(`${text} is not from ${shortestLimitMs}ms to ${longestLimitMs / 1000}s`);
}

/** null means that the agent is part of no cluster. */
function clusterOf(options: AgentCommandOptions, command: Command): ClusterOptions | null {
  const { cluster, kubeconfig } = options;
  requireWith(command, ["node", "kubeconfig", "routes", "unmetAfter", "dra"], "cluster");
  requireWith(command, ["kubeletDir"], "dra");
  if (cluster !== true) return null;
  const node = nodeNamed(options.node);
  if (!isNodeName(node))
    refuseUsage(
      command,
      node === ""
        ? "--cluster needs the name of this node"
        : `${JSON.stringify(node)} is no name of a node`,
      "give --node NAME, or NODE_NAME in the environment (fieldRef spec.nodeName in a pod)",
    );
  return {
    access: accessBy(kubeconfig === undefined ? undefined : parsePath(kubeconfig, "--kubeconfig")),
    node,
    routes: options.routes === "host-gateway",
    dra: options.dra === true,
    kubeletDir: parsePath(options.kubeletDir ?? usualKubeletDir, "--kubelet-dir"),
    unmetAfterMs: options.unmetAfter ?? usualUnmetMs,
  };
}

/** null means that the metrics are served on the Unix socket only. */
function listenOf(options: AgentCommandOptions, command: Command): ListenOptions | null {
  const { metricsListen: listen, metricsTlsCert: cert, metricsTlsKey: key } = options;
  requireWith(command, ["metricsTlsCert", "metricsTlsKey"], "metricsListen");
  if (listen === undefined) return null;
  // The API server is asked who may have them.
  requireWith(command, ["metricsListen"], "cluster");
  if (cert === undefined || key === undefined)
    return refuseUsage(
      command,
      "--metrics-listen needs a certificate: there is no port without TLS",
      "give --metrics-tls-cert FILE and --metrics-tls-key FILE, both PEM",
    );
  return {
    ...listen,
    certFile: parsePath(cert, "--metrics-tls-cert"),
    keyFile: parsePath(key, "--metrics-tls-key"),
  };
}

/** "192.0.2.1:9464" or "[2001:db8::1]:9464". */
function parseListen(text: string): PortOptions {
  const [, six, four, digits = ""] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const hostname = six ?? four ?? "";
  const port = Number(digits);
  if (isIP(hostname) === (six === undefined ? 4 : 6) && port <= 65_535) return { hostname, port };
  throw new Error(`${text} is no address and port, such as 192.0.2.1:9464 or [2001:db8::1]:9464`);
}

/** Where the page is served, if --ui says no more. */
const usualPagePort: PortOptions = { hostname: "127.0.0.1", port: 9465 };

/** Whoever can connect to it is on this machine: the page has no TLS. */
function parseLoopback(text: string): PortOptions {
  const found = parseListen(text);
  if (/^127\.|^::1$/.test(found.hostname)) return found;
  throw new Error(
    `${found.hostname} is not on the loopback, and the page is served there only: give 127.0.0.1:${found.port}, and forward the port`,
  );
}

/** The kubelet's --root-dir, where it is given none. */
const usualKubeletDir = "/var/lib/kubelet";

/** A guarantee is judged every few seconds, and an hour later nobody remembers what it was about. */
const [soonestMs, latestMs] = [10_000, 3_600_000];
const usualUnmetMs = 60_000;

function parseUnmetAfter(text: string): number {
  const ms = parseDurationUs(text, "--unmet-after") / 1000;
  if (ms >= soonestMs && ms <= latestMs) return ms;
  throw new Error(`${text} is not from ${soonestMs / 1000}s to ${latestMs / 1000}s`);
}

export function agentCommand(): Command {
  return new Command("agent")
    .exitOverride()
    .description(
      "serve the verbs of this node in one process and keep the node true, until told to end (SIGTERM)",
    )
    .option("--socket <PATH>", "where launchers reach it", defaultSocket)
    .option("--data-dir <DIR>", "the ledger that it opens before the first verb", defaults.dataDir)
    .option(
      "--conf-dir <DIR>",
      "where the runtime reads its network: what all pods share is made before the first comes",
      usualPlaces.confDir,
    )
    .addOption(
      new Option("--repair <WHAT>", "what is done about drift: it is put back, or only told")
        .choices(["repair", "observe"])
        .default("repair"),
    )
    .addOption(
      new Option(
        "--tool-limit <TIME>",
        "how long a tool may take (with FAIRWAY_BACKEND=exec), for which others wait",
      )
        .argParser(usage(parseToolLimit))
        .default(2_000, "2s"),
    )
    .addOption(
      new Option(
        "--probe <WHAT>",
        "start none: ask the one that runs, and fail where it does not say yes (for a container's probes)",
      ).choices(probes),
    )
    .option("--cluster", "be part of a Kubernetes cluster: live promises, events, the Node object")
    .option("--node <NAME>", "the name of its Node object (else NODE_NAME of the environment)")
    .option("--kubeconfig <FILE>", "how to reach the API server (else as a pod does)")
    .addOption(
      new Option(
        "--routes <WHICH>",
        "host-gateway keeps the routes to other nodes' pods, where all nodes are on one link",
      )
        .choices(["off", "host-gateway"])
        .default("off"),
    )
    .addOption(
      new Option(
        "--unmet-after <TIME>",
        "how long a guarantee has to be missed, while there is demand, until its pod is told",
      ).argParser(usage(parseUnmetAfter)),
    )
    .addOption(
      new Option(
        "--metrics <WHAT>",
        "what has series of its own: each pod, or each namespace where there are too many pods",
      )
        .choices(details)
        .default("pods"),
    )
    .addOption(
      new Option(
        "--metrics-listen <ADDR:PORT>",
        "where /metrics and what kubectl fairway asks are served by TLS, to whoever may get it by the API server's word (with --cluster)",
      ).argParser(usage(parseListen)),
    )
    .option("--metrics-tls-cert <FILE>", "the certificate that it is served with (PEM)")
    .option("--metrics-tls-key <FILE>", "the key of that certificate (PEM)")
    .addOption(
      new Option(
        "--ui [ADDR:PORT]",
        `serve the page on a port of the loopback, to whom \`fairway ui\` gives an address (else ${usualPagePort.hostname}:${usualPagePort.port})`,
      ).argParser(usage(parseLoopback)),
    )
    .option(
      "--dra",
      "be the kubelet's driver for claims of bandwidth, and tell the scheduler what they can have, where its BandwidthClass says so",
    )
    .option("--kubelet-dir <DIR>", "the kubelet's --root-dir (else /var/lib/kubelet)")
    .action(async (options: AgentCommandOptions, command: Command) => {
      const dataDir = asUsage(command, () => parsePath(options.dataDir, "--data-dir"));
      const given = asUsage(command, () => ({
        socket: parsePath(options.socket, "--socket"),
        dataDir,
        confDir: parsePath(options.confDir, "--conf-dir"),
        repair: options.repair,
        toolLimitMs: options.toolLimit,
        metrics: {
          detail: options.metrics,
          listen: listenOf(options, command),
          looks: looksAt(dataDir),
        },
        ui: options.ui === true ? usualPagePort : (options.ui ?? null),
        cluster: clusterOf(options, command),
      }));
      if (options.probe !== undefined) return await probeAgent(given.socket, options.probe);
      compileEarly();
      const readOnly = letSettingsBeWritten();
      if (readOnly !== null) process.stderr.write(plainLine("error", {}, readOnly));
      // No other command needs the verbs.
      const { runAgent } = await import("../../agent/agent.ts");
      await runAgent(given);
    });
}
