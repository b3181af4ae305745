/**
 * Steps as lines of `ip`, `tc`, `nft` and `sysctl`. `explain` prints them, and the batches are made of them.
 * Every name in a line was validated where it came in: none holds a space or a quote.
 */
import type { Step } from "./diff.ts";
import { gsoSizes } from "./gso.ts";
import { familyOf, isLinkLocal } from "./ip.ts";
import { fqCodelSettings } from "./leaf-queue.ts";
import { clsactParent, portSet, redirectPref, sysctlName, tableOfSet } from "./names.ts";
import { bytecode } from "./redirect.ts";
import { linkScope, mainTable } from "./route-numbers.ts";
import { kernelRoutePlace } from "./routes.ts";
import { surplusChains } from "./ruleset.ts";
import {
  type Address,
  type Announcement,
  type Element,
  ipv6Path,
  type KernelObject,
  type KernelRoute,
  type Netns,
  type Qdisc,
  type Redirect,
  type Route,
  type Ruleset,
  type TrafficClass,
} from "./state.ts";
import { changesBetween, type HasUsual, type UsualSettings, usualOf } from "./usual.ts";

/** The lines that give a link these settings again, one line for each place that has any. */
function usualLines(
  { name, unusual }: { name: string; unusual?: string },
  have: KernelObject | null,
  kind: HasUsual,
): string[] {
  const there = have?.kind === kind ? have.unusual : undefined;
  const places: readonly UsualSettings[] = usualOf[kind];
  return places.flatMap((place) => {
    const words = changesBetween(place, unusual, there).map(({ name: word, should }) =>
      word === "master" && should === "none" ? "nomaster" : `${word} ${should}`,
    );
    return words.length === 0
      ? []
      : [["link set dev", name, place.place, ...words].filter((part) => part !== "").join(" ")];
  });
}

export interface Line {
  tool: "ip" | "tc" | "nft" | "sysctl";
  netns: Netns;
  /** One command of the tool, without the tool's name. An nft line may be a script of several. */
  text: string;
}

/**
 * The queue length that a device is to have once the qdisc is attached or removed. null means that it keeps
 * the one it has.
 */
export function queueLengthAfter(op: Step["op"], { spec }: Qdisc): number | null {
  return op !== "change" && "txQueueLength" in spec ? (spec.txQueueLength ?? null) : null;
}

const onOff = (value: boolean): string => (value ? "on" : "off");
const upDown = (value: boolean): string => (value ? "up" : "down");
/**
 * tc reads bytes per second as a number and "bps". The rate is given in bytes because the bits that we were
 * asked for may not be a multiple of 8.
 */
const rate = (bytes: number): string => `${bytes}bps`;

function qdiscSettings(op: Step["op"], { spec }: Qdisc): string {
  switch (spec.type) {
    case "tbf":
      return `tbf rate ${rate(spec.rateBytes)} burst ${spec.burstBytes}b limit ${spec.limitBytes}b`;
    case "htb":
      return `htb default ${spec.defaultMinor.toString(16)}`;
    case "bfifo":
      return `bfifo limit ${spec.limitBytes}b`;
    case "fq_codel":
      return fqCodelSettings(spec, op === "create");
    case "clsact":
      return "clsact";
    case "default":
    case "foreign":
      return spec.name;
  }
}

const place = (parent: string): string => (parent === "root" ? "root" : `parent ${parent}`);

function qdiscLine(op: Step["op"], object: Qdisc): string {
  if (object.parent === clsactParent)
    return `qdisc ${op === "delete" ? "del" : "add"} dev ${object.dev} clsact`;
  const at = `dev ${object.dev} ${place(object.parent)}`;
  if (op === "delete") return `qdisc del ${at}`;
  // `replace` puts ours over what the kernel attached; `change` keeps the classes below.
  return `qdisc ${op === "create" ? "replace" : "change"} ${at} handle ${object.handle} ${qdiscSettings(op, object)}`;
}

function redirectLine(op: Step["op"], { dev, to }: Redirect): string {
  const at = `dev ${dev} egress protocol all pref ${redirectPref}`;
  if (op === "delete") return `filter del ${at}`;
  return `filter replace ${at} handle 1 bpf bytecode "${bytecode()}" action mirred egress redirect dev ${to}`;
}

function classLine(op: Step["op"], c: TrafficClass): string {
  if (op === "delete") return `class del dev ${c.dev} classid ${c.classid}`;
  // The class directly below the qdisc has the qdisc as its parent.
  const parent = c.parent === "root" ? `${c.classid.split(":")[0]}:` : c.parent;
  return [
    `class ${op === "create" ? "add" : "change"} dev ${c.dev} parent ${parent} classid ${c.classid}`,
    `htb rate ${rate(c.rateBytes)} ceil ${rate(c.ceilBytes)}`,
    `burst ${c.burstBytes}b cburst ${c.cburstBytes}b quantum ${c.quantumBytes} prio ${c.prio}`,
  ].join(" ");
}

/** `have` is what a change finds. */
function rulesetScript(op: Step["op"], want: Ruleset, have: KernelObject | null): string {
  const { table, sets, chains } = want;
  if (op === "delete") return `delete table ${table}`;
  // While the table wakes up, the kernel accepts no chain (nf_tables_addchain()). The next look finds what
  // else differs.
  if (have?.kind === "ruleset" && have.isDormant) return `add table ${table}`;
  const lines = [`add table ${table}`];
  for (const { kind, name, spec } of sets) lines.push(`add ${kind} ${table} ${name} { ${spec} }`);
  for (const { name, type, hook, priority, rules } of chains) {
    // A chain is deleted and made again, in one transaction, because its hook may be what differs.
    if (op === "change") lines.push(`add chain ${table} ${name}`, `delete chain ${table} ${name}`);
    lines.push(
      `add chain ${table} ${name} { type ${type} hook ${hook} priority ${priority}; policy accept; }`,
    );
    for (const { id, text } of rules)
      lines.push(`add rule ${table} ${name} ${text} comment "${id}"`);
  }
  if (op === "change" && have?.kind === "ruleset")
    for (const { name } of surplusChains(want, have)) lines.push(`delete chain ${table} ${name}`);
  return lines.join("\n");
}

function elementLine(op: Step["op"], { set, key, value }: Element): string {
  const verb = op === "delete" ? "delete" : "add";
  // A deletion names only the key, because the value may be another one by now.
  const bare = set === portSet ? `"${key}"` : key;
  const entry = value === null || op === "delete" ? bare : `${bare} : ${value}`;
  return `${verb} element ${tableOfSet(set)} ${set} { ${entry} }`;
}

const sysctlText = (path: string, value: string): string => `${sysctlName(path)}=${value}`;

function addressLine(op: Step["op"], { dev, cidr }: Address): string {
  if (op === "delete") return `address del ${cidr} dev ${dev}`;
  // The kernel gives an interface its link-local address by itself, and may have been faster.
  const verb = isLinkLocal(cidr) ? "replace" : "add";
  // Without nodad IPv6 does not use an address for a second or two, until it is sure that nobody else has it.
  return `address ${verb} ${cidr} dev ${dev}${familyOf(cidr) === 6 ? " nodad" : ""}`;
}

/** Without this setting the kernel deletes every later address of the subnet together with the first one. */
const promotion = ({ dev }: Address): string =>
  sysctlText(`net/ipv4/conf/${dev}/promote_secondaries`, "1");

function routeLine(op: Step["op"], route: Route): string {
  const { dev, dst, gw, table, priority, scope, mtuBytes, advmssBytes } = route;
  const usualScope = gw === null && familyOf(dst) === 4 ? linkScope : 0;
  const place = [
    `${dst}${gw === null ? "" : ` via ${gw}`} dev ${dev}`,
    ...(table === mainTable ? [] : [`table ${table}`]),
    ...(priority === 0 ? [] : [`metric ${priority}`]),
  ];
  if (op === "delete") return `route del ${place.join(" ")}`;
  return [
    `route add ${place.join(" ")}`,
    ...(scope === usualScope ? [] : [`scope ${scope}`]),
    ...(mtuBytes === null ? [] : [`mtu ${mtuBytes}`]),
    ...(advmssBytes === null ? [] : [`advmss ${advmssBytes}`]),
  ].join(" ");
}

/**
 * While both settings are on, the kernel makes the announcement by itself whenever an interface is given a
 * MAC, even the MAC that it has. It sends a gratuitous ARP for each IPv4 address, and for each IPv6 address
 * an unsolicited advertisement that overrides (docs/engineering/decisions/0028-what-a-pod-leaves.md).
 */
function announcementLines({ netns, dev, mac, hasIpv6 }: Announcement): Line[] {
  const setting = (path: string): Line => ({ tool: "sysctl", netns, text: sysctlText(path, "1") });
  return [
    setting(`net/ipv4/conf/${dev}/arp_notify`),
    ...(hasIpv6 ? [setting(`net/ipv6/conf/${dev}/ndisc_notify`)] : []),
    { tool: "ip", netns, text: `link set dev ${dev} address ${mac}` },
  ];
}

/**
 * The route is made as the kernel makes it, so that it is deleted together with its address, as the kernel's
 * own is.
 */
function kernelRouteLine(op: Step["op"], route: KernelRoute): string {
  const { role, type, dev, dst, gw, source } = route;
  const { table, priority, scope } = kernelRoutePlace(route);
  const isIpv6 = familyOf(dst) === 6;
  const place = [
    `${type === "unicast" ? "" : `${type} `}${dst}`,
    ...(gw === null ? [] : [`via ${gw}`]),
    ...(dev === null ? [] : [`dev ${dev}`]),
    ...(table === mainTable ? [] : ["table local"]),
    ...(priority === 0 ? [] : [`metric ${priority}`]),
  ].join(" ");
  if (op === "delete") return `route del ${place}`;
  // The kernel may have been faster, so the verb is "replace". The route to the groups stands next to those
  // of other devices, so it is appended.
  const verb = role === "multicast" ? "append" : "replace";
  const scoped =
    isIpv6 || gw !== null || dev === null ? "" : ` scope ${scope === linkScope ? "link" : "host"}`;
  return `route ${verb} ${place} proto kernel${scoped}${source === null ? "" : ` src ${source}`}`;
}

function objectLines(op: Step["op"], object: KernelObject, have: KernelObject | null): Line[] {
  const node = (tool: Line["tool"], ...texts: string[]): Line[] =>
    texts.map((text) => ({ tool, netns: null, text }));
  const gone = op === "delete";
  switch (object.kind) {
    case "sysctl":
      // Others may rely on the setting by now, so it is never taken back.
      return gone ? [] : node("sysctl", sysctlText(object.path, object.value));
    case "ipv6setting":
      return gone
        ? []
        : [
            {
              tool: "sysctl",
              netns: object.netns,
              text: sysctlText(ipv6Path(object), object.value),
            },
          ];
    case "bridge": {
      const { name, mac, mtuBytes, up, withoutDad } = object;
      if (gone) return node("ip", `link del dev ${name}`);
      // An explicit MTU keeps the bridge from following the smallest MTU of its ports.
      const settings = `link set dev ${name} address ${mac} mtu ${mtuBytes} ${upDown(up)}`;
      if (op !== "create") return node("ip", settings, ...usualLines(object, have, "bridge"));
      const dad = sysctlText(ipv6Path({ dev: name, name: "accept_dad" }), "0");
      return [
        ...node("ip", `link add name ${name} address ${mac} type bridge`),
        ...(withoutDad ? node("sysctl", dad) : []),
        ...node("ip", settings),
      ];
    }
    case "hostlink": {
      // The device is not ours to make or to remove.
      if (gone) return [];
      const { netns = null, name } = object;
      const sizes = gsoSizes(object).map((size) => `gso_max_size ${size}`);
      // This needs iproute2 6.3, which whoever set that limit had.
      if (object.gsoIpv4MaxBytes !== undefined)
        sizes.push(`gso_ipv4_max_size ${object.gsoIpv4MaxBytes}`);
      return sizes.map((size) => ({ tool: "ip", netns, text: `link set dev ${name} ${size}` }));
    }
    case "ifb": {
      const { name, mac, up } = object;
      if (gone) return node("ip", `link del dev ${name}`);
      const settings = `link set dev ${name} ${upDown(up)}`;
      // An IFB accepts a MAC when it is made, and not later.
      const made = op === "create" ? [`link add name ${name} address ${mac} type ifb`] : [];
      return node("ip", ...made, settings);
    }
    case "redirect":
      return node("tc", redirectLine(op, object));
    case "veth":
      return gone
        ? node("ip", `link del dev ${object.name}`)
        : node(
            "ip",
            `link add name ${object.name} type veth peer name ${object.ifname} netns ${object.netns}`,
          );
    case "port": {
      if (gone) return [];
      const { name, mac, mtuBytes, bridge, hairpin, groupForwardMask, up } = object;
      const master = bridge === null ? "nomaster" : `master ${bridge}`;
      const lines = [`link set dev ${name} address ${mac} mtu ${mtuBytes} ${master} ${upDown(up)}`];
      if (bridge !== null)
        lines.push(
          `link set dev ${name} type bridge_slave hairpin ${onOff(hairpin)} group_fwd_mask ${groupForwardMask}`,
          ...usualLines(object, have, "port"),
        );
      return node("ip", ...lines);
    }
    case "podlink": {
      if (gone) return [];
      const { netns, name, mac, mtuBytes, gsoMaxBytes, up } = object;
      const text = `link set dev ${name} address ${mac} mtu ${mtuBytes} gso_max_size ${gsoMaxBytes} ${upDown(up)}`;
      return [text, ...usualLines(object, have, "podlink")].map((each) => ({
        tool: "ip",
        netns,
        text: each,
      }));
    }
    case "address":
      return [
        ...(gone && object.keepsOthers === true ? node("sysctl", promotion(object)) : []),
        { tool: "ip", netns: object.netns, text: addressLine(op, object) },
      ];
    case "announcement":
      return gone ? [] : announcementLines(object);
    case "route":
      return [{ tool: "ip", netns: object.netns, text: routeLine(op, object) }];
    case "kernelroute":
      return [{ tool: "ip", netns: object.netns, text: kernelRouteLine(op, object) }];
    case "qdisc": {
      const lines = node("tc", qdiscLine(op, object));
      // The kernel gives a device without a queue, as Go's plugins make them, a length of 1000
      // (qdisc_create).
      const length = queueLengthAfter(op, object);
      return length === null
        ? lines
        : [...lines, ...node("ip", `link set dev ${object.dev} txqueuelen ${length}`)];
    }
    case "class":
      return node("tc", classLine(op, object));
    case "ruleset":
      return node("nft", rulesetScript(op, object, have));
    case "element":
      return node("nft", elementLine(op, object));
  }
}

export function linesOf(step: Step): Line[] {
  return objectLines(step.op, step.op === "delete" ? step.have : step.want, step.have);
}

const netnsFolders = ["/run/netns/", "/var/run/netns/"];

/**
 * The name of a namespace below /run/netns, which `ip` knows. For any other path it is null, and nsenter is
 * used, which accepts every path.
 */
function netnsName(netns: string): string | null {
  const folder = netnsFolders.find((f) => netns.startsWith(f));
  const name = folder === undefined ? "" : netns.slice(folder.length);
  return /^[\w.-]+$/.test(name) ? name : null;
}

function ipIn(netns: Netns): string {
  if (netns === null) return "ip";
  const name = netnsName(netns);
  return name === null ? `nsenter --net=${netns} ip` : `ip -n ${name}`;
}

function sysctlIn(netns: Netns): string {
  if (netns === null) return "sysctl -w";
  const name = netnsName(netns);
  return `${name === null ? `nsenter --net=${netns}` : `ip netns exec ${name}`} sysctl -w`;
}

/** A line as a person would type it into a shell. */
export function shellLine({ tool, netns, text }: Line): string {
  switch (tool) {
    case "ip":
      return `${ipIn(netns)} ${text}`;
    case "tc":
      return `tc ${text}`;
    case "sysctl":
      return `${sysctlIn(netns)} ${text}`;
    case "nft":
      return `nft -f - <<'EOF'\n${text}\nEOF`;
  }
}
