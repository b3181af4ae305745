/** A namespace's whole network state as text, without what differs by nature: indexes, counters, timers. */
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";

const withoutIndexes = (text: string): string =>
  text
    .replace(/^\d+: /gm, "")
    .replace(/@\w+/g, "")
    .replace(/link-netns(id)? \S+/g, "link-netns")
    .replace(/direct_packets_stat \d+/g, "direct_packets_stat")
    // fq_codel lists the flows that it saw lately as classes.
    .replace(/^class fq_codel .*\n/gm, "")
    // A bridge learns its carrier from its ports, a little later.
    .replace(/ state \w+| linkdown/g, "")
    .replace(/<[^>]*>/g, (flags) => `<${flags.includes("UP") ? "UP" : "DOWN"}>`)
    .replace(/ tentative| refcnt \d+/g, "")
    // IPv6 link-local addresses and their routes come by themselves, a second or two after the device.
    .replace(/^.*(fe80::|ff00::).*\n(\s+valid_lft.*\n)?/gm, "");

/** What begins in column 0 and its indented lines; a device that was made anew stands elsewhere in the list. */
const sortedBlocks = (text: string): string =>
  text
    .split(/\n(?=\S)/)
    .map((block) => block.trimEnd())
    .sort()
    .join("\n");

const sorted = (text: string): string => text.split("\n").sort().join("\n");

/** What each of these lines of shell prints, by one shell: a process for each would be most of the time. */
function outputs(namespace: string, lines: string[]): string[] {
  const separator = "=====";
  const script = ["set -e", ...lines.flatMap((line) => [line, `echo "${separator}"`])].join("\n");
  return mustInNamespace(namespace, ["sh", "-c", script]).split(`${separator}\n`);
}

/** Of all its interfaces: "/proc/sys/net/ipv6/conf/eth0/accept_ra:0" and so on. */
const ipv6Settings = `grep -H '' ${["accept_ra", "accept_dad", "disable_ipv6"]
  .map((name) => `/proc/sys/net/ipv6/conf/*/${name}`)
  .join(" ")}`;

/** Its device, then the classes of one device after the other. */
const classes = `for dev in /sys/class/net/*; do
  echo "device $(basename $dev)"; tc -d class show dev $(basename $dev)
done`;

const sortedClasses = (text: string): string[] =>
  text
    .split(/^device /m)
    .filter((part) => part !== "")
    .map((part) => {
      const [dev = "", ...found] = part.split("\n");
      return `${dev}: ${sorted(found.join("\n"))}`;
    })
    .sort();

/** Of a node: links, addresses, routes, qdiscs, classes, the whole ruleset, and the sysctls that matter. */
export function dumpNode(namespace: string): string {
  const [
    links = "",
    routes = "",
    ports = "",
    qdiscs = "",
    classesOf = "",
    rules = "",
    ...settings
  ] = outputs(namespace, [
    "ip address show",
    "ip route show table all",
    "bridge -d link show",
    "tc qdisc show",
    classes,
    "nft list ruleset",
    "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-iptables /proc/sys/net/ipv6/conf/all/forwarding",
    ipv6Settings,
  ]);
  return [
    sortedBlocks(withoutIndexes(links)),
    sorted(withoutIndexes(routes)),
    sortedBlocks(withoutIndexes(ports)),
    sorted(withoutIndexes(qdiscs)),
    ...sortedClasses(withoutIndexes(classesOf)),
    // What was dropped is counted.
    sortedBlocks(rules.replace(/counter packets \d+ bytes \d+/g, "counter")),
    ...settings.map(sorted),
  ].join("\n---\n");
}

/** Of a pod: its interfaces with their GSO sizes, addresses, routes, and settings for IPv6. */
export function dumpPod(namespace: string): string {
  const [settings = "", ...rest] = outputs(namespace, [
    ipv6Settings,
    "ip -d address show",
    "ip route show",
    "ip -6 route show table all",
  ]);
  return [...rest.map(withoutIndexes), sorted(settings)].join("\n---\n");
}

/** What is made anew has other handles. */
export const withoutHandles = (dump: string): string => dump.replace(/handle \d+/g, "handle N");
