/**
 * Looks at hairpin mode on our bridge, at its ports and addresses, and at who else is touched by what our
 * bridge needs.
 */
import { formatIp } from "../../config/addresses.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { fullBridge, mostPorts } from "../../kernel/ports.ts";
import { addressesOf, allLinks, type Link } from "../../kernel/read/links.ts";
import { readSysctl } from "../../kernel/read/sysctl.ts";
import { formerGateways } from "../../node/reconcile/gateways.ts";
import { NodeView } from "../../node/reconcile/view.ts";
import { minorOfHostVeth } from "../../plan/names.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

type Port = Pick<Link, "name" | "hairpin">;

/** `ports` are our ports on the bridge. */
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

/** `count` is the number of all ports of the bridge, whoever made them. */
export function judgePorts(bridge: string, count: number): Finding {
  const id = "bridge.ports";
  if (count < mostPorts) return ok(id, `${bridge} has ${count} of ${mostPorts} ports`);
  const { message, details = "" } = fullBridge(bridge, "a port for one more pod");
  return error(id, message, details);
}

/** The sysctls hold for the whole network namespace of the node. */
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

/** Judges the bridge's addresses, without the link-local ones that every interface has by itself. */
function judgeAddresses(
  bridge: string,
  present: readonly string[],
  known: readonly string[],
): Finding[] {
  const id = "bridge.addresses";
  const others = present.filter((cidr) => !known.includes(cidr) && !cidr.startsWith("fe80:"));
  if (others.length === 0) return [ok(id, `${bridge} has the gateways of its networks alone`)];
  return others.map((cidr) =>
    warn(
      id,
      `${bridge} has the address ${cidr}, which no network here has as its gateway, and Fairway did not put it there: whoever has an address of its subnet elsewhere cannot be reached from this node and its pods`,
      `if nothing needs it, remove it (ip address del ${cidr} dev ${bridge})`,
    ),
  );
}

/** The gateways that are to go are among them: those are drift. */
function knownGateways({ configs, ledger }: Patient): string[] {
  const configured = configs.flatMap(({ ipam }) =>
    ipam.sets.flat().map((r) => `${formatIp(r.gateway)}/${r.subnet.prefixLength}`),
  );
  if (ledger === null) return configured;
  const used = new NodeView(ledger).networks.flatMap(({ gateways }) => gateways);
  const asked = ledger.networks().flatMap(({ base }) => base.gateways);
  return [...configured, ...used, ...asked, ...formerGateways(ledger)];
}

export function bridges(patient: Patient): Finding[] {
  const [config] = patient.configs;
  // Where Fairway is chained, the bridge is another plugin's.
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
        : [
            judgeHairpin(own.name, ofPods),
            judgePorts(own.name, ports.length),
            ...judgeAddresses(own.name, addressesOf(socket, own.index), knownGateways(patient)),
          ]),
      ...judgeOthers(
        others.map(({ name }) => name),
        isOn,
      ),
    ];
  });
}
