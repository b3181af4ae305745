/** A namespace's whole network state as text, without what differs by nature: indexes, counters, timers. */
import { mustInNamespace } from "../../src/lab/namespaces.ts";

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

/** Of all its interfaces: "/proc/sys/net/ipv6/conf/eth0/accept_ra:0" and so on. */
function ipv6Settings(namespace: string): string {
  const files = ["accept_ra", "accept_dad", "disable_ipv6"].map(
    (name) => `/proc/sys/net/ipv6/conf/*/${name}`,
  );
  return sorted(mustInNamespace(namespace, ["sh", "-c", `grep -H '' ${files.join(" ")}`]));
}

/** Of a node: links, addresses, routes, qdiscs, classes, the whole ruleset, and the sysctls that matter. */
export function dumpNode(namespace: string): string {
  const run = (...argv: string[]): string => withoutIndexes(mustInNamespace(namespace, argv));
  const devices = [...run("ip", "-o", "link", "show").matchAll(/^([^:@\s]+)/gm)].map(
    (m) => m[1] ?? "",
  );
  return [
    sortedBlocks(run("ip", "address", "show")),
    sorted(run("ip", "route", "show", "table", "all")),
    sortedBlocks(run("bridge", "-d", "link", "show")),
    sorted(run("tc", "qdisc", "show")),
    ...devices
      .sort()
      .map((dev) => `${dev}: ${sorted(run("tc", "-d", "class", "show", "dev", dev))}`),
    sortedBlocks(
      mustInNamespace(namespace, ["nft", "list", "ruleset"])
        // What was dropped is counted.
        .replace(/counter packets \d+ bytes \d+/g, "counter"),
    ),
    run(
      "cat",
      "/proc/sys/net/ipv4/ip_forward",
      "/proc/sys/net/bridge/bridge-nf-call-iptables",
      "/proc/sys/net/ipv6/conf/all/forwarding",
    ),
    ipv6Settings(namespace),
  ].join("\n---\n");
}

/** Of a pod: its interfaces with their GSO sizes, addresses, routes, and settings for IPv6. */
export function dumpPod(namespace: string): string {
  const run = (...argv: string[]): string => withoutIndexes(mustInNamespace(namespace, argv));
  return [
    run("ip", "-d", "address", "show"),
    run("ip", "route", "show"),
    run("ip", "-6", "route", "show", "table", "all"),
    ipv6Settings(namespace),
  ].join("\n---\n");
}
