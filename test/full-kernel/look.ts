import { dumpPod } from "../support/dump.ts";
import type { Pod, TestNode } from "../support/node.ts";

/** As dumpNode, for a kernel that has no bridge sysctls yet. IPv6 brings its link-local routes by itself, a little later. */
export function dumpLinks(node: TestNode, pod: Pod): string {
  return [
    node.run("ip", "-o", "link", "show"),
    node.run("ip", "-4", "route", "show", "table", "all"),
    node.run("tc", "qdisc", "show"),
    node.run("nft", "list", "ruleset"),
    dumpPod(pod.namespace),
  ].join("\n---\n");
}
