/** Hairpin mode on our bridge, and who else is touched by what our bridge needs. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks, type Link } from "../../kernel/read/links.ts";
import { readSysctl } from "../../kernel/read/sysctl.ts";
import { minorOfHostVeth } from "../../plan/names.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

type Port = Pick<Link, "name" | "hairpin">;

/** `ports`: those of ours on the bridge. */
export function judgeHairpin(bridge: string, ports: readonly Port[]): Finding {
  const id = "bridge.hairpin";
  const off = ports.filter(({ hairpin }) => hairpin !== true).map(({ name }) => name);
  if (off.length === 0) return ok(id, `on for all ${ports.length} ports of ${bridge}`);
  return error(
    id,
    `off for ${off.join(", ")} of ${bridge}: such a pod cannot reach itself through a service`,
    "`fairway repair` switches it on",
  );
}

/** The sysctls are the whole node's (of its network namespace). */
export function judgeOthers(others: readonly string[], isOn: boolean): Finding[] {
  if (others.length === 0 || !isOn) return [];
  return [
    warn(
      "bridge.others",
      `net.bridge.bridge-nf-call-iptables is on for every bridge of this node: what ${others.join(", ")} switches meets iptables and nftables' forward hook too`,
      "look for rules there that drop it (iptables -S FORWARD, nft list ruleset); Fairway needs the setting for services",
    ),
  ];
}

export function bridges({ configs }: Patient): Finding[] {
  const [config] = configs;
  // Chained, the bridge is another plugin's.
  if (config === undefined || config.chained) return [];
  return attempt("bridge", () => {
    using socket = new NetlinkSocket();
    const links = allLinks(socket);
    const own = links.find(({ name }) => name === config.bridge);
    const others = links.filter(({ type, name }) => type === "bridge" && name !== config.bridge);
    const isOn = readSysctl("net/bridge/bridge-nf-call-iptables") === "1";
    const ports = links.filter(
      ({ masterIndex, name }) => masterIndex === own?.index && minorOfHostVeth(name) !== null,
    );
    return [
      ...(own === undefined ? [] : [judgeHairpin(own.name, ports)]),
      ...judgeOthers(
        others.map(({ name }) => name),
        isOn,
      ),
    ];
  });
}
