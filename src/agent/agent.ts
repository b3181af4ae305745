/** The resident process: it takes its place, serves verbs, and ends when it is told to. */
import { buildId, target, version } from "../build.ts";
import { Member } from "../cluster/member.ts";
import { tell } from "../cni/log.ts";
import { FairwayError, messageOf } from "../errors.ts";
import type { Access } from "../kube/access.ts";
import { KubeClient } from "../kube/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Detail } from "../metrics/detail.ts";
import { type ListenOptions, MetricsListener } from "../metrics/listener.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { Looks } from "../metrics/pages.ts";
import { PagePermission } from "../metrics/permission.ts";
import { viewPages } from "../metrics/view-pages.ts";
import { endNow as endUnclosed, keepLedgers, ledgerIfThere } from "../node/facts/open.ts";
import { folderOf } from "../paths.ts";
import { limitTools, waitForNobody } from "../patience.ts";
import type { Tell, Told } from "./events.ts";
import { followChain } from "./follow-chain.ts";
import { type KeepTrueOptions, keepTrue } from "./keep-true.ts";
import { KeptLedgers } from "./kept-ledgers.ts";
import { PageDoor } from "./page-door.ts";
import { type PortOptions, servePage } from "./page-port.ts";
import { knowsAllPods, reasonToLeave } from "./permission.ts";
import { AgentServer } from "./server.ts";
import { takePlace } from "./socket-place.ts";
import { Supervisor } from "./supervisor.ts";
import { treesAhead } from "./trees-ahead.ts";

export interface AgentOptions {
  /** An absolute path. */
  socket: string;
  /** The ledger that is opened before the first verb comes. */
  dataDir: string;
  /** Where the runtime reads its network configurations. */
  confDir: string;
  /** What is done about drift. */
  repair: KeepTrueOptions["repair"];
  /** How long a tool may take before it is ended. */
  toolLimitMs: number;
  metrics: MetricsOptions;
  /** Where the page is served, with a session; null means on the Unix socket only. */
  ui: PortOptions | null;
  /** The cluster that the node is part of; null means that it asks no API server. */
  cluster: ClusterOptions | null;
}

interface MetricsOptions {
  /** What has series of its own. */
  detail: Detail;
  /** Where they are served by TLS, with `cluster`; null means on the socket only. */
  listen: ListenOptions | null;
  /** What is served there beside them. */
  looks: Looks;
}

export interface ClusterOptions {
  access: Access;
  /** The name of the Node object. */
  node: string;
  /** Whether it keeps the routes to the other nodes' pods. */
  routes: boolean;
  /** Whether it serves claims of dynamic resource allocation. */
  dra: boolean;
  /** The kubelet's own folder, below which it meets its drivers. */
  kubeletDir: string;
  /** How long a guarantee has to be missed until its pod is told. */
  unmetAfterMs: number;
}

/** How long whoever is connected may take to read the last answers. */
const farewellMs = 1_000;

const levelOf = ({ event }: Told): "info" | "error" =>
  event === "failed" || event === "fight" || event === "deaf" || event === "no copy"
    ? "error"
    : "info";

/** The line's own `msg` takes the place of what was told as one. */
const wordsOf = (told: Told): string =>
  told.event === "failed" ? `${told.event}: ${told.msg}` : told.event;

const tellKept: Tell = (told) => tell(levelOf(told), `the node: ${wordsOf(told)}`, told);

/** A ledger that cannot be opened is told by the verbs that need it. */
function openAtOnce(dataDir: string): void {
  try {
    ledgerIfThere(dataDir);
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
    tell("error", error.message, { code: error.code, details: error.details });
  }
}

/** Another process may have the log, or the disk may be full, which the next verb tells. */
function tidy(ledgers: KeptLedgers): void {
  try {
    ledgers.emptyLogs();
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
  }
}

/** What is open is not closed. */
function endNow(code: number): never {
  endUnclosed(code);
  process.abort();
}

function whenTold(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

async function farewell(server: AgentServer): Promise<void> {
  const deadlineMs = performance.now() + farewellMs;
  while (!server.isQuiet && performance.now() < deadlineMs) await Bun.sleep(1);
}

/** A ledger that does not know all pods is not followed. */
const whyNotChange = (ledger: Ledger): string | null =>
  reasonToLeave(ledger) ??
  (knowsAllPods(ledger) ? null : "the ledger does not know all pods that this node has");

const userAgent = `fairway-agent/${version} (${target})`;

/** null means that the agent is part of no cluster. */
function memberOf(
  { cluster, confDir, dataDir }: AgentOptions,
  server: AgentServer,
  signal: AbortSignal,
): Member | null {
  if (cluster === null) return null;
  return new Member({
    ...cluster,
    confDir,
    dataDir,
    userAgent,
    ledger: () => ledgerIfThere(dataDir),
    whyNot: whyNotChange,
    treesAhead: () => treesAhead(dataDir, confDir),
    isBusy: () => server.isBusy,
    tell,
    signal,
  });
}

/** null means that they are served on the socket only. Throws io. */
function metricsListenerOf(
  { cluster, metrics: { listen, looks } }: AgentOptions,
  metrics: Metrics,
  page: PageDoor,
  signal: AbortSignal,
): MetricsListener | null {
  if (cluster === null || listen === null) return null;
  const permission = new PagePermission(new KubeClient(cluster.access, userAgent));
  const uiToken = async () => JSON.stringify(await page.token());
  const pages = [metrics.page, ...viewPages({ ...looks, uiToken })];
  return new MetricsListener({ listen, pages, permission, tell, signal });
}

/** Nothing of it is loaded where claims are not served. */
async function claimsServed(
  { cluster, confDir, dataDir }: AgentOptions,
  onDefect: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  if (cluster === null || !cluster.dra) return;
  const { serveClaims } = await import("./serve-claims.ts");
  await serveClaims({ ...cluster, confDir, dataDir, userAgent, tell, onDefect, signal });
}

/** Runs until it is told to end. Throws io where it cannot begin. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { socket, dataDir, confDir, repair } = options;
  process.chdir("/");
  limitTools(options.toolLimitMs);
  using _place = await takePlace(socket);
  using ledgers = new KeptLedgers((file) => {
    tell("error", `${file} was cut, or its log was taken away, while it was open: the agent ends`);
    return endNow(1);
  });
  keepLedgers(ledgers.give);
  waitForNobody();
  openAtOnce(dataDir);
  const supervisor = new Supervisor(process.env);
  const toldToEnd = whenTold();
  // After a defect of ours nothing in this process can be relied on. Whoever started it starts it again.
  const onDefect = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    tell("error", `a defect of the agent, which ends now: ${messageOf(error)}`, { stack });
    process.exit(1);
  };
  const ending = new AbortController();
  const startedAt = new Date();
  const metrics: Metrics = new Metrics(
    {
      detail: options.metrics.detail,
      ledger: () => ledgerIfThere(dataDir),
      isBusy: () => server.isBusy,
      signal: ending.signal,
    },
    dataDir,
    startedAt,
  );
  const page = new PageDoor({ metrics, node: options.cluster?.node ?? null, startedAt, onDefect });
  const server: AgentServer = new AgentServer({
    ...{ socket, metrics, page, startedAt, onDefect },
    tidy: () => tidy(ledgers),
    onRefused: (refused) => member?.refused(refused),
  });
  const listener = metricsListenerOf(options, metrics, page, ending.signal);
  tell("info", "serving verbs", { version, build: buildId, target, socket });
  const member: Member | null = memberOf(options, server, ending.signal);
  const kept = keepTrue({
    dataDir,
    confDir,
    stageIn: folderOf(socket),
    repair,
    tell: tellKept,
    counts: metrics.happenings,
    signal: ending.signal,
    isBusy: () => server.isBusy,
    onReady: () => {
      server.ready();
      member?.ready();
      const untold = supervisor.ready();
      if (untold !== null) tell("error", untold);
    },
  }).catch(onDefect);
  const joined = member?.run().catch(onDefect);
  const listening = listener?.run().catch(onDefect);
  const shown =
    options.ui === null
      ? undefined
      : servePage({ ...options.ui, page, tell, onDefect, signal: ending.signal }).catch(onDefect);
  const claims = claimsServed(options, onDefect, ending.signal).catch(onDefect);
  const following = followChain({
    ...{ dataDir, confDir, repair, tell: tellKept, signal: ending.signal },
  }).catch(onDefect);
  const signal = await toldToEnd;
  supervisor.stopping();
  ending.abort();
  server.stop();
  await farewell(server);
  await Promise.all([kept, joined, claims, following, listening, shown]);
  tell("info", "ended", { signal });
}
