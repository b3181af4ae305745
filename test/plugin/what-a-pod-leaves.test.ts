/** What the kernel keeps of a pod by its addresses goes with it: the next pod there is met by all at once, and by nothing of the former. */
import { expect, test } from "bun:test";
import { bridgeMac } from "../../src/plan/names.ts";
import { inNamespace, ipBatch, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { flowsOf } from "../support/flows.ts";
import * as frames from "../support/frames.ts";
import { vanish } from "../support/gone.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { PacketSocket } from "../support/packet-socket.ts";
import { withTalk } from "../support/talk.ts";
import { until } from "../support/until.ts";

const prefix6 = addresses.podSubnet6.split("::")[0];
/** Of a neighbour that stays, which comes first; of the pods that follow each other; of a host on the bridge. */
const kept = ["198.19.1.10", `${prefix6}::10`] as const;
const reused = ["198.19.1.11", `${prefix6}::11`] as const;
const hostOnBridge = ["198.19.1.200", `${prefix6}::200`] as const;

const ranges = [
  [{ subnet: addresses.podSubnet, rangeStart: kept[0], rangeEnd: reused[0] }],
  [{ subnet: addresses.podSubnet6, rangeStart: kept[1], rangeEnd: reused[1] }],
];
const dual = {
  ipam: { ranges, routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }] },
  capabilities: { mac: true },
};

const withMac = (mac: string | null) => (mac === null ? {} : { runtimeConfig: { mac } });

const gone = (node: TestNode, pod: Pod): void => {
  node.del(pod);
  mustInNamespace(node.lab.node, ["ip", "netns", "del", pod.namespace]);
};

/** A host whose wire is a port of the bridge. */
function addHost(node: TestNode): string {
  const host = node.lab.addPod("host");
  node.run("ip", "link", "add", "wire1", "type", "veth", "peer", "name", "eth0", "netns", host);
  node.run("ip", "link", "set", "dev", "wire1", "master", "fw0", "up");
  ipBatch(host, [
    "link set dev eth0 up",
    `address add ${hostOnBridge[0]}/24 dev eth0`,
    `address add ${hostOnBridge[1]}/64 dev eth0 nodad`,
  ]);
  return host;
}

const answers = (namespace: string, address: string): boolean =>
  inNamespace(namespace, ["ping", "-c", "1", "-W", "2", address]).code === 0;

const sequences = [
  { title: "MACs that runtimes give", macs: ["02:aa:00:00:00:01", "02:bb:00:00:00:02"] },
  { title: "a MAC that a runtime gave, then our own", macs: ["02:aa:00:00:00:01", null] },
  { title: "our own, then one that a runtime gives", macs: [null, "02:aa:00:00:00:01"] },
  { title: "the same MAC at another port", macs: ["02:aa:00:00:00:01", "02:aa:00:00:00:01"] },
] as const;

test.each(sequences)("$title: the first packet to the next pod is answered", ({ macs }) =>
  withNode((node) => {
    const [first, next, neighbour] = [node.pod("first"), node.pod("next"), node.pod("neighbour")];
    node.add(neighbour);
    node.add(first, withMac(macs[0]));
    const askers = [node.lab.node, neighbour.namespace, addHost(node)];
    const asked = () => askers.flatMap((asker) => reused.map((address) => answers(asker, address)));
    // The host on the bridge may still be finding its wire.
    expect(
      askers.every((asker) =>
        reused.every((address) => answers(asker, address) || answers(asker, address)),
      ),
    ).toBe(true);
    gone(node, first);
    // Between the two, another pod has the port that the first had.
    const between = node.pod("between");
    node.add(between, { config: { name: "other", ipam: { subnet: "198.19.9.0/24" } } });
    node.add(next, withMac(macs[1]));
    expect(asked()).toEqual(Array(6).fill(true));
  }, dual),
);

const stale = ["reachable", "permanent", "stale", "failed"] as const;

test.each(stale)(
  "a neighbour entry of the node that is %s, and wrong: gone with the next ADD",
  (state) =>
    withNode((node) => {
      node.add(node.pod("neighbour"));
      const [pod, other] = [node.pod("pod"), node.pod("other")];
      node.add(other);
      gone(node, other);
      const lladdr = state === "failed" ? [] : ["lladdr", "02:cc:00:00:00:03"];
      for (const address of reused)
        node.run("ip", "neigh", "replace", address, "dev", "fw0", ...lladdr, "nud", state);
      node.add(pod);
      for (const address of reused) expect(answers(node.lab.node, address), address).toBe(true);
    }, dual),
);

/** Whatever the node, its conntrack and its TCP know by the reused addresses. */
function known(node: TestNode): string[] {
  const said = [
    ["ip", "neigh", "show", "dev", "fw0"],
    ["ip", "-6", "neigh", "show", "dev", "fw0"],
    ["ip", "tcp_metrics", "show"],
    ["ip", "-6", "route", "show", "cache"],
  ].flatMap((argv) => node.run(...argv).split("\n"));
  const lines = [...said, ...flowsOf(node.lab.node)];
  const sizes = node.run("ip", "route", "get", reused[0]);
  return [
    ...lines.filter((line) => reused.some((address) => line.split(" ").includes(address))),
    ...(sizes.includes("mtu") ? [sizes] : []),
  ];
}

const largestBytes = 1300;

/** As somebody on the way to this pod says it, who is the pod: packets to it may be no larger. */
function saySize(pod: Pod, mac: string, gateways: readonly string[]): void {
  const toGateway = { from: mac, to: bridgeMac("fw0") };
  const [ip4, ip6] = reused;
  const [gateway4 = "", gateway6 = ""] = gateways;
  const icmp = (...body: number[]): number[] => {
    const [type = 0, code = 0, , , ...rest] = body;
    const sum = frames.checksum(body);
    return [type, code, sum >> 8, sum & 255, ...rest];
  };
  const size = [largestBytes >> 8, largestBytes & 255];
  const echo4 = frames.ipv4(gateway4, ip4, 1, icmp(8, 0, 0, 0, 0, 1, 0, 1));
  const echo6 = frames.ipv6(gateway6, ip6, 58, [128, 0, 0, 0, 0, 1, 0, 1]);
  const tooBig4 = frames.ipv4(ip4, gateway4, 1, icmp(3, 4, 0, 0, 0, 0, ...size, ...echo4));
  const tooBig6 = frames.icmpv6(ip6, gateway6, [2, 0, 0, 0, 0, 0, ...size, ...echo6]);
  using socket = new PacketSocket(pod.namespace, "eth0", 100);
  socket.send(frames.ethernet(toGateway, frames.etherType.ipv4, tooBig4).bytes);
  socket.send(
    frames.ethernet(toGateway, frames.etherType.ipv6, frames.ipv6(ip6, gateway6, 58, tooBig6))
      .bytes,
  );
}

const port = 7000;

/** Fills each of the places that `known` looks at. */
async function leaveTraces(node: TestNode, pod: Pod, mac: string): Promise<void> {
  const [ip4] = reused;
  for (const address of reused) expect(answers(node.lab.node, address)).toBe(true);
  await withTalk({ from: node.lab.node, to: pod.namespace, host: ip4, port }, (talk) =>
    talk.say("hello"),
  );
  saySize(pod, mac, ["198.19.1.1", `${prefix6}::1`]);
  await until("all of it is known", () => {
    const lines = known(node).join("\n");
    return [/lladdr/, /age/, /answered/, /mtu 1300/].every((each) => each.test(lines));
  });
}

const masquerading = { ...dual, ipMasq: true };
const removals: {
  title: string;
  config?: object;
  remove: (node: TestNode, pod: Pod) => void;
}[] = [
  { title: "DEL", remove: gone },
  {
    title: "DEL without anti-spoofing",
    config: { antiSpoof: false },
    remove: gone,
  },
  {
    title: "DEL of a pod whose namespace went before",
    remove: (node, pod) => {
      mustInNamespace(node.lab.node, ["ip", "netns", "del", pod.namespace]);
      node.del(pod);
    },
  },
  {
    title: "gc of a pod whose sandbox is gone",
    remove: (node, pod) => {
      // The kernel takes the pair away in its own time; until then gc leaves the pod alone.
      vanish(node, pod);
      expect(node.fairway("gc").code).toBe(0);
    },
  },
];

test.each(removals)("nothing is known of a pod after $title", ({ config, remove }) =>
  withNode(
    async (node) => {
      const [pod, neighbour] = [node.pod("pod"), node.pod("neighbour")];
      node.add(neighbour);
      const { interfaces } = node.add(pod) as { interfaces: { sandbox?: string; mac: string }[] };
      const mac = interfaces.find(({ sandbox }) => sandbox !== undefined)?.mac ?? "";
      expect(answers(neighbour.namespace, addresses.remote)).toBe(true);
      await leaveTraces(node, pod, mac);
      remove(node, pod);
      expect(known(node)).toEqual([]);
      // The neighbour's are its own.
      expect(flowsOf(node.lab.node).filter((flow) => flow.includes(kept[0]))).not.toEqual([]);
    },
    { ...masquerading, ...config },
  ),
);
