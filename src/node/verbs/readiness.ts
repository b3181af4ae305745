/** STATUS tells whether an ADD would be refused for what the node is like, whoever the pod is. */
import type { NetworkConfig } from "../../config/types.ts";
import { type ErrorName, FairwayError, messageOf } from "../../errors.ts";
import { chosenBackend, neededTools } from "../../kernel/backend.ts";
import { findTool } from "../../kernel/children.ts";
import { fullBridge, mostPorts, portsOf } from "../../kernel/ports.ts";
import { readSysctl } from "../../kernel/read/sysctl.ts";
import { canWriteSetting, defaultPath, unwritable } from "../../kernel/write/setting.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Plan, Step } from "../../plan/diff.ts";
import type { NetworkBase } from "../../plan/node.ts";
import { ipv6Path } from "../../plan/state.ts";
import { oneMorePod, requireRates } from "../../promise/held.ts";
import { tiersRefusal } from "../../promise/tiers.ts";
import { nodeHolders, requireNextAddresses } from "../addresses/choose.ts";
import { baseInForce } from "../facts/capacity.ts";
import { capacitySet } from "../facts/capacity-set.ts";
import { rememberIn, requireKernelParts } from "../facts/kernel-parts.ts";
import { mustAgree } from "../facts/network.ts";
import { withLedger } from "../facts/open.ts";
import { refuseOverlaps } from "../facts/surroundings.ts";
import { findLink, findUplink } from "../facts/uplink.ts";
import { guardRefusal, refuseTakenPlaces } from "../reconcile/base.ts";
import { requireTrue } from "../reconcile/repair.ts";
import { look } from "../reconcile/run.ts";
import * as scopes from "../reconcile/scopes.ts";
import { NodeView } from "../reconcile/view.ts";
import { refuseCutOff } from "./cut-off.ts";
import { isShortage, planSweep } from "./sweep.ts";

/** An ADD does not look at this: the pod would start, and reach nobody. */
function requireUplinkUp({ uplink, bridge }: NetworkConfig): void {
  const link = findLink(uplink, bridge);
  if (link.up) return;
  throw new FairwayError(
    "uplinkUnknown",
    `the uplink ${link.name} is down`,
    `ip link set dev ${link.name} up, or name another in uplink.name`,
  );
}

/** What is held for sandboxes that are gone is no shortage, because the ADD frees it. */
function requireRoom(ledger: LedgerView, config: NetworkConfig, base: NetworkBase): void {
  const shortages = [
    {
      require: () =>
        requireNextAddresses(ledger, config.name, config.ipam, nodeHolders(ledger, config.name)),
      helps: ({ network }: { network: string }) => network === config.name,
    },
    {
      require: () =>
        requireRates(base.trees, ledger.attachments, oneMorePod, () => capacitySet(ledger)),
      helps: () => true,
    },
    { require: () => ledger.attachments.freeClassMinor(), helps: () => true },
  ];
  for (const { require, helps } of shortages) {
    try {
      require();
    } catch (error) {
      const { freed } = isShortage(error) ? planSweep(ledger, null) : { freed: [] };
      if (!freed.some(({ attachment }) => helps(attachment))) throw error;
    }
  }
}

/** When the bridge is full, the kernel refuses an ADD, whatever the ledger has room for. */
function requirePort({ bridge, chained }: NetworkConfig): void {
  if (!chained && portsOf(bridge) === mostPorts)
    throw fullBridge(bridge, "a port for one more pod");
}

/**
 * What a step writes below /proc/sys; null means that it writes nothing there, or that it writes in a pod.
 */
function settingOf({ want }: Step): { path: string; value: string } | null {
  if (want?.kind === "sysctl") return want;
  if (want?.kind !== "ipv6setting" || want.netns !== null) return null;
  return { path: ipv6Path(want), value: want.value };
}

/**
 * Requires that what an ADD would have to set can be set. For an interface that is yet to be made, it looks
 * at what the interface will begin with.
 */
function requireSettings({ steps }: Plan): void {
  for (const step of steps) {
    const setting = settingOf(step);
    if (setting === null) continue;
    const there = [setting.path, defaultPath(setting.path)].find(
      (path) => path !== null && readSysctl(path) !== null,
    );
    // A setting that this kernel does not have at all is reported by the code that writes it.
    if (there == null || canWriteSetting(there)) continue;
    const found = readSysctl(there);
    if (found !== null && found !== setting.value)
      throw unwritable(setting.path, found, setting.value);
  }
}

/** Looks at what is there, and changes nothing. Throws what an ADD would throw, whatever it is. */
export function requireReady(
  ledger: LedgerView,
  config: NetworkConfig,
  remember?: (release: string) => void,
): void {
  for (const tool of neededTools(chosenBackend())) findTool(tool);
  requireTrue(ledger);
  requireKernelParts(ledger, config.chained, remember);
  const base = baseInForce(ledger, config, findUplink(config.uplink, config.bridge));
  requireUplinkUp(config);
  const now = new NodeView(ledger);
  for (const other of now.networks) if (other.network !== base.network) mustAgree(base, other);
  refuseOverlaps(base);
  const tooLarge = tiersRefusal(config.tiers, base.trees);
  if (tooLarge !== null) throw tooLarge;
  const plan = look(scopes.base(now.with(base)));
  scopes.refuseConflicts(plan.conflicts);
  refuseTakenPlaces(ledger, [base]);
  const refused = guardRefusal(plan);
  if (refused !== null) throw refused;
  requireSettings(plan);
  requirePort(config);
  requireRoom(ledger, config, base);
}

/**
 * These are in the way of pods that are there, too: their traffic has nowhere to go, or has none of its
 * promises.
 */
const limiting: readonly ErrorName[] = ["uplinkUnknown", "foreignQdisc"];

/** The error in the words of what stands in the way, with a code of STATUS. */
function notReady(error: unknown, hasPods: boolean): FairwayError {
  if (error instanceof FairwayError && error.kind === "limitedConnectivity") return error;
  const { kind, details } =
    error instanceof FairwayError ? error : { kind: undefined, details: undefined };
  const isLimiting = hasPods && kind !== undefined && limiting.includes(kind);
  return new FairwayError(
    isLimiting ? "limitedConnectivity" : "unavailable",
    isLimiting ? `${messageOf(error)}; the pods that run here are affected, too` : messageOf(error),
    details,
    { cause: error },
  );
}

function refusalIn(ledger: Ledger, config: NetworkConfig): FairwayError | null {
  try {
    requireReady(ledger, config, rememberIn(ledger, config.chained));
    refuseCutOff(ledger);
    return null;
  } catch (error) {
    const pods = ledger.attachments.all();
    return notReady(
      error,
      pods.some(({ phase }) => phase === "ready"),
    );
  }
}

/** null means that an ADD would not be refused. */
function refusalOf(config: NetworkConfig): FairwayError | null {
  try {
    return withLedger(config.dataDir, (ledger) => refusalIn(ledger, config));
  } catch (error) {
    return notReady(error, false);
  }
}

/** Throws unavailable (50) or limitedConnectivity (51), with what is missing and what to do. */
export function requireStatus(config: NetworkConfig): void {
  const refused = refusalOf(config);
  if (refused !== null) throw refused;
}
