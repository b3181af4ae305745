/** `fairway repair --rebuild` makes the ledger anew from the runtime's records and the kernel. */
import { networkPart } from "../../cni/attach-ask.ts";
import type { RawConfig } from "../../cni/request.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import { netnsIdentity, seenClasses, seenPods } from "../../kernel/pods-seen.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/ledger.ts";
import { holderText, type Reservation } from "../../ledger/reservations.ts";
import { forgetEarlierBoots } from "../../node/addresses/keep.ts";
import { baseInForce } from "../../node/facts/capacity.ts";
import { recordHome } from "../../node/facts/home.ts";
import { ensureLeafKind } from "../../node/facts/leaf-queues.ts";
import { bootId } from "../../node/facts/open.ts";
import { findUplink } from "../../node/facts/uplink.ts";
import { bare } from "../../plan/ip.ts";
import {
  type Attachment,
  attachmentName,
  type ClaimedRate,
  type NetworkBase,
} from "../../plan/node.ts";
import { prefixOf } from "../../plan/prefix.ts";
import { claimedRates } from "../../promise/claims.ts";
import { parseNetworkConfig } from "../../promise/network-config.ts";
import { type CachedAdd, readRuntimeCache } from "./cache.ts";
import { type KnownPod, type Matched, matchPods } from "./match.ts";
import { isBeingReplaced, replaceLedger } from "./replace-ledger.ts";
import { foundRow, type KnownNetwork, knownRow, networkOfPod } from "./rows.ts";

export interface RebuildTerms {
  dataDir: string;
  /** null means that the kernel alone is asked. */
  cacheDir: string | null;
  /** The configuration that --config gave; null means that none was given. */
  config: RawConfig | null;
}

export interface Rebuilt {
  rows: Attachment[];
  reservations: Reservation[];
  left: string[];
  /**
   * The files of the old ledger, under their new names. null means that it was sound, and that what it lacked
   * was added.
   */
  kept: string[] | null;
}

/**
 * A configuration for each network: the latest that an ADD was called with. The one of --config goes before
 * it.
 */
function rawOfNetworks(
  adds: readonly CachedAdd[],
  given: RawConfig | null,
): Map<string, RawConfig> {
  const byName = new Map<string, RawConfig>();
  for (const { network, raw, role } of adds.toSorted((a, b) => a.writtenAtMs - b.writtenAtMs))
    if (role === "main") byName.set(network, raw);
  if (given !== null) byName.set(String(given.name), { ...given, runtimeConfig: {} });
  return byName;
}

/**
 * The interfaces of such a network's pods bear another plugin's names, so looking does not find which of them
 * are ours.
 */
const chainedNetwork = (name: string): FairwayError =>
  new FairwayError(
    "badConfig",
    `network ${name} is chained after another plugin, and a rebuild knows only pods whose interfaces are Fairway's own`,
    "drain the node, move the ledger's files away, run `fairway repair`, and let the pods come back",
  );

function classesOnce({ trees, ingress }: NetworkBase): KnownNetwork["classes"] {
  let seen: ReturnType<KnownNetwork["classes"]> | null = null;
  return () => {
    seen ??= { egress: seenClasses(trees.uplink), ingress: seenClasses(ingress.name) };
    return seen;
  };
}

function knownNetworks(ledger: Ledger, raws: Map<string, RawConfig>): Map<string, KnownNetwork> {
  const networks = new Map<string, KnownNetwork>();
  for (const [name, raw] of raws) {
    const config = parseNetworkConfig(raw);
    if (config.chained) throw chainedNetwork(name);
    const base = () => baseInForce(ledger, config, findUplink(config.uplink, config.bridge));
    ensureLeafKind(ledger, base());
    const known = base();
    networks.set(name, { config, base: known, classes: classesOnce(known) });
  }
  return networks;
}

function configOf(raw: RawConfig): ReturnType<typeof parseNetworkConfig> | null {
  try {
    return parseNetworkConfig(raw);
  } catch {
    return null;
  }
}

/**
 * What the ledger still has of a pod's claims. Of several interfaces of a sandbox the first has them, as ADD gave
 * them; a runtime writes the records in the order of its ADDs.
 */
function claimsIn(view: LedgerView, { add }: KnownPod, known: readonly KnownPod[]): ClaimedRate[] {
  const { K8S_POD_UID: uid } = add.args;
  const isLater = known.some(
    (other) => other.add.containerId === add.containerId && other.add.writtenAtMs < add.writtenAtMs,
  );
  return uid === undefined || isLater ? [] : claimedRates(view.claimsOfPod(uid));
}

function rowsOf(
  view: LedgerView,
  { known, found }: Matched,
  networks: Map<string, KnownNetwork>,
): Attachment[] {
  const ofNetwork = (name: string): KnownNetwork => {
    const network = networks.get(name);
    if (network === undefined) throw new RangeError(`no network ${name}`);
    return network;
  };
  const all = [...networks.values()];
  return [
    ...known.map((pod) =>
      knownRow(pod, ofNetwork(pod.add.network), configOf(pod.add.raw), claimsIn(view, pod, known)),
    ),
    ...found.map((pod) => foundRow(pod, networkOfPod(pod, all))),
  ];
}

/**
 * The reservations are of other plugins' pods. What is theirs in the kernel only that plugin knows, so each
 * stays until its DEL.
 */
function reservationsOf(adds: readonly CachedAdd[]): Reservation[] {
  return adds
    .filter(({ role }) => role === "ipam")
    .flatMap(({ network, containerId, ifname, result, args, writtenAtMs }) =>
      result.ips.map(({ address, gateway }) => ({
        network,
        containerId,
        ifname,
        address: bare(address),
        prefixLength: prefixOf(address).length,
        gateway,
        podNamespace: args.K8S_POD_NAMESPACE ?? null,
        podName: args.K8S_POD_NAME ?? null,
        stickyMs: null,
        createdAtMs: Math.floor(writtenAtMs),
      })),
    );
}

/**
 * Inserts what the ledger lacks of it. Throws attachmentExists, addressInUse where the ledger knows another
 * holder.
 */
function insertMissing(
  ledger: Ledger,
  rows: readonly Attachment[],
  reservations: readonly Reservation[],
): Pick<Rebuilt, "rows" | "reservations"> {
  const isKnown = (row: Attachment): boolean =>
    ledger.attachments.find(row) !== null ||
    ledger.attachments.all().some(({ hostVeth }) => hostVeth === row.hostVeth);
  const missing = rows.filter((row) => !isKnown(row));
  const unreserved = reservations.filter(
    ({ network, address }) => ledger.reservations.holder(network, address) === null,
  );
  for (const row of missing) ledger.attachments.insert(row);
  for (const reservation of unreserved) ledger.reservations.insert(reservation);
  return { rows: missing, reservations: unreserved };
}

function fill(
  ledger: Ledger,
  { dataDir, cacheDir, config: given }: RebuildTerms,
): Omit<Rebuilt, "kept"> {
  const adds = cacheDir === null ? [] : readRuntimeCache(cacheDir, dataDir);
  const raws = rawOfNetworks(adds, given);
  const networks = knownNetworks(ledger, raws);
  return ledger.exclusively(() => {
    forgetEarlierBoots(ledger);
    recordHome(ledger);
    // This looks under the lock, so that meanwhile no ADD is between its row and its pair.
    const matched = matchPods(
      adds,
      seenPods(adds.flatMap(({ result }) => result.interfaces.flatMap((i) => i.sandbox ?? []))),
      netnsIdentity,
    );
    const inserted = insertMissing(ledger, rowsOf(ledger, matched, networks), reservationsOf(adds));
    const live = new Set(ledger.attachments.all().map(({ network }) => network));
    for (const [name, { config }] of networks) {
      if (!live.has(name) || ledger.network(name)?.isOfThisBoot === true) continue;
      const raw = networkPart(raws.get(name) ?? {}, config);
      const base = baseInForce(ledger, config, findUplink(config.uplink, config.bridge));
      ledger.recordNetwork({ name, config: raw, base });
    }
    return { ...inserted, left: matched.left };
  });
}

/** Says why the ledger cannot be used any further; null means that it can. */
function faultOf(dataDir: string): string | null {
  if (isBeingReplaced(dataDir)) return "an earlier rebuild was broken off";
  try {
    using ledger = openLedger({ dir: dataDir, bootId: bootId() });
    return ledger.faults()[0] ?? null;
  } catch (error) {
    const damaged = error instanceof FairwayError && error.kind === "ledgerUnusable";
    // A full disk or a wrong owner is no damage, and a new file would not help.
    if (damaged && /damaged/.test(messageOf(error))) return messageOf(error);
    throw error;
  }
}

/** Throws what stands in the way; nothing is changed then. */
export function rebuild(terms: RebuildTerms): Rebuilt {
  if (faultOf(terms.dataDir) === null) {
    using ledger = openLedger({ dir: terms.dataDir, bootId: bootId() });
    return { ...fill(ledger, terms), kept: null };
  }
  const { value, kept } = replaceLedger(terms.dataDir, (ledger) => fill(ledger, terms));
  return { ...value, kept };
}

/** The lines that a person reads. */
export function rebuiltLines({ rows, reservations, left, kept }: Rebuilt): string[] {
  return [
    ...rows.map((row) =>
      [
        `${attachmentName(row)}: ${row.leases.map(({ address }) => address).join(", ")}, ${row.hostVeth}`,
        ...row.promise.notes,
      ].join("; "),
    ),
    ...reservations.map(
      (r) => `reserved: ${r.address} of network ${r.network} for ${holderText(r)}`,
    ),
    ...left.map((what) => `left out: ${what}`),
    `${rows.length} attachments and ${reservations.length} reservations ${kept === null ? "were missing, and are in the ledger now" : "are in a new ledger"}`,
    ...(kept === null
      ? []
      : [
          `the old files: ${kept.join(", ") || "there were none"}`,
          "not in it any more: promises changed with `fairway set` or given by claims (docs/claims.md), a capacity set with `set-capacity`, addresses kept for pods that went, and what `uninstall` would put back",
        ]),
    "`fairway explain` shows what differs from the kernel now, `fairway repair` puts it right",
  ];
}
