/** Tells who holds the roots of the devices that the trees stand on, and what leads packets past our hook. */
import { findToolIfAny, runTool } from "../../kernel/children.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { linkNamed } from "../../kernel/read/links.ts";
import { flowtables as allFlowtables } from "../../kernel/read/others-tables.ts";
import { allQdiscs } from "../../kernel/read/tc.ts";
import { placeFor } from "../../node/facts/chained.ts";
import { findLink } from "../../node/facts/uplink.ts";
import { rootOf } from "../../node/reconcile/former.ts";
import { clearing, noHandle } from "../../plan/root.ts";
import type { QdiscSpec } from "../../plan/state.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

/** null means that the kernel shows none, as for a device that queues nothing. */
export function judgeRoot(dev: string, spec: QdiscSpec | null): Finding {
  const id = `root.${dev}` as const;
  if (spec === null) return ok(id, "none: an ADD makes ours");
  switch (spec.type) {
    case "tbf":
      return ok(id, "Fairway's");
    case "default":
      return ok(
        id,
        spec.name.endsWith(` ${noHandle}`)
          ? `${spec.name}, the kernel's default: an ADD puts ours in its place`
          : `${spec.name}, which somebody put there as it is by default: an ADD puts ours in its place, and \`uninstall\` puts it back`,
      );
    default: {
      const name = "name" in spec ? spec.name : spec.type;
      return error(
        id,
        `${name}, which is neither Fairway's nor the kernel's default: an ADD refuses it`,
        `if nothing needs it: ${clearing(dev, name)}. Else name another uplink`,
      );
    }
  }
}

/** tc's hook comes before ours: programs and filters there see packets that never come to netfilter. */
function hooks(dev: string): Finding[] {
  using socket = new NetlinkSocket();
  const index = linkNamed(socket, dev)?.index;
  const found = allQdiscs(socket).filter(
    ({ ifindex, kind }) => ifindex === index && (kind === "clsact" || kind === "ingress"),
  );
  return found.map(({ kind }) =>
    warn(
      `path.${dev}`,
      `there is a ${kind} qdisc on ${dev}: a program there may lead packets past the hook that classifies`,
      `tc filter show dev ${dev} ingress; what redirects (eBPF host routing) has no guarantees`,
    ),
  );
}

export function roots({ view, configs }: Patient): Finding[] {
  const [config] = configs;
  if (config === undefined) return [];
  return attempt("root", () => {
    const uplink = findLink(config.uplink, config.bridge).name;
    using socket = new NetlinkSocket();
    const devices = [uplink, placeFor(view, config).name].filter(
      (dev) => linkNamed(socket, dev) !== null,
    );
    return devices.flatMap((dev) => [judgeRoot(dev, rootOf(dev)?.spec ?? null), ...hooks(dev)]);
  });
}

interface FlowtableItem {
  flowtable?: { family: string; table: string; name: string; dev?: string | string[] };
}

/** The items are as libnftables-json(5) describes them. */
export function judgeFlowtables(items: FlowtableItem[]): Finding[] {
  const id = "path.flowtables";
  const found = items.flatMap(({ flowtable }) => (flowtable === undefined ? [] : [flowtable]));
  if (found.length === 0) return [ok(id, "none")];
  return found.map(({ family, table, name, dev = [] }) => {
    const devices = [dev].flat().join(", ") || "no device";
    return warn(
      id,
      `flowtable ${name} of ${family} ${table} (${devices}): offloaded flows bypass the hook that classifies`,
      `flows of pods must not be added to it (nft list table ${family} ${table})`,
    );
  });
}

export function flowtables(): Finding[] {
  return attempt("path.flowtables", () => {
    if (findToolIfAny("nft") === null)
      return judgeFlowtables(allFlowtables().map((flowtable) => ({ flowtable })));
    const { ok: listed, stdout, stderr } = runTool("nft", ["-j", "list", "flowtables"]);
    if (listed)
      return judgeFlowtables((JSON.parse(stdout) as { nftables: FlowtableItem[] }).nftables);
    const said = stderr.split("\n")[0] ?? "no reason given";
    return [
      error(
        "path.flowtables",
        `nft cannot list flowtables: ${said}`,
        "nf_tables and CAP_NET_ADMIN are needed",
      ),
    ];
  });
}
