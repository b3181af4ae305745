/** The agent as the kubelet's driver of dynamic resource allocation (decision 52). */
import { Troubles } from "../cluster/told.ts";
import { type ClaimAsked, titleOf } from "../dra/claim.ts";
import { Driver } from "../dra/driver.ts";
import { serveKubelet } from "../dra/kubelet.ts";
import { deviceName, poolName } from "../dra/names.ts";
import type { DeviceHealth } from "../dra/services.ts";
import { FairwayError } from "../errors.ts";
import { wordsOf } from "../grpc/server.ts";
import { NetlinkSocket } from "../kernel/netlink/socket.ts";
import { linkNamed } from "../kernel/read/links.ts";
import type { Access } from "../kube/access.ts";
import { KubeClient } from "../kube/client.ts";
import { sleep } from "../kube/follow.ts";
import { inLedger, ledgerIfThere } from "../node/facts/open.ts";
import { NodeView } from "../node/reconcile/view.ts";
import { directions } from "../plan/node.ts";
import type { Tell } from "../tell.ts";
import { treesAhead } from "./trees-ahead.ts";

export interface ServeClaimsOptions {
  access: Access;
  /** The name of the Node object. */
  node: string;
  /** The kubelet's own folder, below which it meets its drivers. */
  kubeletDir: string;
  /** Where the runtime reads its networks, and the ledger's folder. */
  confDir: string;
  dataDir: string;
  userAgent: string;
  tell: Tell;
  onDefect: (error: unknown) => void;
  /** It ends when this is aborted. */
  signal: AbortSignal;
}

/** The interface whose trees are this node's devices; null means that nothing tells it yet. */
function uplinkOf({ dataDir, confDir }: ServeClaimsOptions): string | null {
  const ledger = ledgerIfThere(dataDir);
  const trees = ledger === null ? null : (new NodeView(ledger).first?.trees ?? null);
  return (trees ?? treesAhead(dataDir, confDir))?.uplink ?? null;
}

/** In words why nothing passes the interface; "" means that it is up. */
function whyDown(uplink: string): string {
  using socket = new NetlinkSocket();
  const link = linkNamed(socket, uplink);
  if (link === null) return `there is no interface ${uplink}`;
  return link.up ? "" : `the uplink ${uplink} is down`;
}

function healthOf(options: ServeClaimsOptions): DeviceHealth[] {
  const uplink = uplinkOf(options);
  if (uplink === null) return [];
  const message = whyDown(uplink);
  return directions.map((direction) => ({
    device: {
      poolName: poolName(options.node),
      deviceName: deviceName({ uplink, direction }),
    },
    health: message === "" ? "HEALTHY" : "UNHEALTHY",
    lastUpdatedTime: Math.floor(Date.now() / 1_000),
    message,
  }));
}

const unserved = "claims are not served";

/** What keeps the sockets from being made may pass: a kubelet that is installed later, a disk that was full. */
const againMs = 5_000;

/** Runs until it is told to end. Where the kubelet's folder cannot be used it says so, and tries again. */
export async function serveClaims(options: ServeClaimsOptions): Promise<void> {
  const { access, node, kubeletDir, dataDir, userAgent, tell, onDefect, signal } = options;
  const troubles = new Troubles(tell);
  const driver = new Driver({
    client: new KubeClient(access, userAgent),
    node,
    inLedger: (use) => inLedger(dataDir, use),
    ledgerIfThere: () => ledgerIfThere(dataDir),
  });
  const serving = {
    ...{ kubeletDir, node, driver, onDefect, signal },
    health: () => healthOf(options),
    onServed: () => troubles.about(unserved, null),
    onRegistered: (trouble: string | null) => {
      troubles.about("the kubelet does not take the driver of claims", trouble);
      if (trouble === null) tell("info", "the cluster: the kubelet has taken the driver of claims");
    },
    onRefused: (claim: ClaimAsked, words: string) =>
      tell("error", `the cluster: ${titleOf(claim)}: ${words}`),
  };
  while (!signal.aborted) {
    try {
      await serveKubelet(serving);
    } catch (error) {
      if (!(error instanceof FairwayError)) throw error;
      troubles.about(unserved, wordsOf(error));
      await sleep(againMs, signal);
    }
  }
}
