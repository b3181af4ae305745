/** A node on which each of what is relied on can be broken (relied-on.ts), and all that it has. */
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode, dumpPod } from "./dump.ts";
import type { Pod, TestNode } from "./node.ts";
import type { Reliance } from "./relied-on.ts";

export const reliedOnConfig = {
  ipMasq: true,
  ipMasqExcept: ["198.18.0.0/24", "fd00:c612::/64"],
  ipam: {
    ranges: [[{ subnet: "198.19.1.0/24" }], [{ subnet: "fd00:c613:1::/64" }]],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
  },
};
export const annotations = {
  "fairway.dev/egress-guarantee": "100M",
  "kubernetes.io/egress-bandwidth": "100M",
};

/** Beyond what a dump has. */
const more = (node: TestNode): string =>
  node
    .run(
      "sh",
      "-c",
      `grep -H '' /proc/sys/net/ipv4/conf/*/forwarding
       ip -d link show dev fw0 | grep -oE 'NOARP|(stp_state|vlan_filtering) [0-9]'
       ip -o link | grep -c NOARP
       ip -6 route show table local dev fw0 | grep ff00
       bridge -d link show dev fwv10 | grep -oE 'state [a-z]+'`,
    )
    .replaceAll(" pref medium", "");

/** A metric of 0 is the kernel's alone to give; who asks for it gets IPv6's default. */
const withoutMetric = (text: string): string =>
  text.replace(/^(local fd00\S+ dev fw0 table local proto kernel metric) \d+/gm, "$1 0");

export const stateOf = (node: TestNode, pods: readonly Pod[]): string[] => [
  withoutMetric(dumpNode(node.lab.node)),
  more(node),
  ...pods.map(({ namespace }) => dumpPod(namespace)),
];

export function happens(
  { node: onNode = [], pod: inPod = [] }: Reliance,
  node: TestNode,
  pod: Pod,
): void {
  for (const command of onNode) node.run(...command.split(" "));
  for (const command of inPod) mustInNamespace(pod.namespace, command.split(" "));
}
