/** Hairpin mode on our bridge, its ports, and who else is touched by what our bridge needs. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { fullBridge, mostPorts } from "../../kernel/ports.ts";
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

/** `count`: all of the bridge, whoever made them. */
export function judgePorts(bridge: string, count: number): Finding {
  const id = "bridge.ports";
  if (count < mostPorts) return ok(id, `${bridge} has ${count} of ${mostPorts} ports`);
  const { message, details = "" } = fullBridge(bridge, "a port for one more pod");
  return error(id, message, details);
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
    const ports = links.filter(({ masterIndex }) => masterIndex === own?.index);
    const ofPods = ports.filter(({ name }) => minorOfHostVeth(name) !== null);
    return [
      ...(own === undefined
        ? []
        : [judgeHairpin(own.name, ofPods), judgePorts(own.name, ports.length)]),
      ...judgeOthers(
        others.map(({ name }) => name),
        isOn,
      ),
    ];
  });
}
