/** For each object that the plan owns: altered or removed, CHECK names it, repair mends it, the next plan is empty. */
import { describe, expect, test } from "bun:test";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

interface Tampering {
  title: string;
  /** Commands on the node. */
  node?: string[];
  /** Commands in the pod's namespace. */
  pod?: string[];
  /** What CHECK must say. */
  names: string;
}

const cases: Tampering[] = [
  {
    title: "a class with a wrong rate",
    node: [
      "tc class change dev uplink classid fa01:10 parent fa01:1 htb rate 90mbit ceil 100mbit burst 62500b cburst 62500b quantum 65536 prio 1",
    ],
    names: "class fa01:10 on uplink",
  },
  {
    title: "a class with another burst",
    node: [
      "tc class change dev fw0 classid fa01:10 parent fa01:1 htb rate 8kbit ceil 800mbit burst 9000b cburst 250000b quantum 65536 prio 1",
    ],
    names: "class fa01:10 on fw0: burst",
  },
  {
    title: "a class with another quantum",
    node: [
      "tc class change dev uplink classid fa01:10 parent fa01:1 htb rate 100mbit ceil 100mbit burst 62500b cburst 62500b quantum 1514 prio 1",
    ],
    names: "quantumBytes is 1514",
  },
  {
    title: "an egress class gone",
    node: ["tc class del dev uplink classid fa01:10"],
    names: "class fa01:10 on uplink is missing",
  },
  {
    title: "an ingress class gone",
    node: ["tc class del dev fw0 classid fa01:10"],
    names: "class fa01:10 on fw0 is missing",
  },
  {
    title: "a leaf's queue gone",
    node: ["tc qdisc del dev uplink parent fa01:10"],
    names: "qdisc of class fa01:10 on uplink is missing",
  },
  {
    title: "a leaf's queue replaced",
    node: ["tc qdisc replace dev uplink parent fa01:10 pfifo limit 7"],
    names: "qdisc of class fa01:10 on uplink: is pfifo",
  },
  {
    title: "a leaf's queue of another length",
    node: ["tc qdisc change dev uplink parent fa01:10 handle 10: bfifo limit 9999b"],
    names: "limit is 9999 bytes",
  },
  {
    title: "the host's class changed",
    node: [
      "tc class change dev uplink classid fa01:2 parent fa01:1 htb rate 1mbit ceil 800mbit burst 65536b cburst 65536b quantum 65536 prio 1",
    ],
    names: "class fa01:2 on uplink",
  },
  {
    title: "the tree's root class changed",
    node: ["tc class change dev uplink classid fa01:1 parent fa01: htb rate 10mbit ceil 10mbit"],
    names: "class fa01:1 on uplink",
  },
  {
    title: "the tree's rate changed",
    node: [
      "tc qdisc change dev uplink root handle fa00: tbf rate 10mbit burst 70000b limit 140000b",
    ],
    names: "root qdisc of uplink: rate",
  },
  {
    title: "the HTB under the TBF gone",
    node: ["tc qdisc del dev uplink parent fa00:1 handle fa01:"],
    names: "qdisc of class fa00:1 on uplink",
  },
  {
    title: "the egress tree gone",
    node: ["tc qdisc del dev uplink root"],
    names: "root qdisc of uplink",
  },
  {
    title: "the ingress tree gone",
    node: ["tc qdisc del dev fw0 root"],
    names: "root qdisc of fw0",
  },
  {
    title: "a map element gone",
    node: ["nft delete element inet fairway class4 { 198.19.1.2 }"],
    names: "element 198.19.1.2 of class4 is missing",
  },
  {
    title: "a map element with another class",
    node: [
      "nft delete element inet fairway class4 { 198.19.1.2 }",
      "nft add element inet fairway class4 { 198.19.1.2 : fa01:2 }",
    ],
    names: "element 198.19.1.2 of class4: value is fa01:2",
  },
  {
    title: "a masquerade element gone",
    node: ["nft delete element inet fairway masq4 { 198.19.1.0/24 }"],
    names: "element 198.19.1.0/24 of masq4",
  },
  {
    title: "a masquerade exception gone",
    node: ["nft delete element inet fairway nomasq4 { 198.19.1.0/24 . 198.18.0.0/24 }"],
    names: "nomasq4 is missing",
  },
  {
    title: "a chain flushed",
    node: ["nft flush chain inet fairway classify"],
    names: "rules of chain classify",
  },
  {
    title: "a rule of somebody else's in our chain",
    node: ["nft insert rule inet fairway classify accept"],
    names: "rules of chain classify",
  },
  {
    title: "a chain gone",
    node: ["nft flush chain inet fairway source-nat", "nft delete chain inet fairway source-nat"],
    names: "chain source-nat is missing",
  },
  {
    title: "the table gone",
    node: ["nft delete table inet fairway"],
    names: "nftables table inet fairway is missing",
  },
  {
    title: "the ruleset flushed",
    node: ["nft flush ruleset"],
    names: "nftables table inet fairway is missing",
  },
  {
    title: "a pod's address gone from what it may send under",
    node: ["nft delete element bridge fairway own4 { fwv10 . 0a:58:c6:13:01:02 . 198.19.1.2 }"],
    names: "element fwv10 . 0a:58:c6:13:01:02 . 198.19.1.2 of own4 is missing",
  },
  {
    title: "a pod's MAC gone from what it may send under",
    node: ["nft delete element bridge fairway ownmac { fwv10 . 0x0a58c6130102 }"],
    names: "element fwv10 . 0x0a58c6130102 of ownmac is missing",
  },
  {
    title: "a pod's MAC gone from those of all pods",
    node: ["nft delete element bridge fairway podmac { 0a:58:c6:13:01:02 }"],
    names: "element 0a:58:c6:13:01:02 of podmac is missing",
  },
  {
    title: "a pod's target of neighbour discovery gone",
    node: [
      "nft delete element bridge fairway owntarget { fwv10 . 0xfe800000000000000858c6fffe130102 }",
    ],
    names: "of owntarget is missing",
  },
  {
    title: "the counter of a pod's violations gone",
    node: ["nft delete element bridge fairway violations { fwv10 }"],
    names: "element fwv10 of violations is missing",
  },
  {
    title: "the chain against spoofing flushed",
    node: ["nft flush chain bridge fairway guard"],
    names: "rules of chain guard",
  },
  {
    title: "a rule that lets all pass",
    node: ["nft insert rule bridge fairway guard accept"],
    names: "rules of chain guard",
  },
  {
    title: "the table against spoofing gone",
    node: ["nft delete table bridge fairway"],
    names: "nftables table bridge fairway is missing",
  },
  {
    title: "a group that the bridge keeps to itself",
    node: ["ip link set dev fwv10 type bridge_slave group_fwd_mask 0"],
    names: "groupForwardMask is 0",
  },
  {
    title: "the host interface down",
    node: ["ip link set dev fwv10 down"],
    names: "host interface fwv10: up is false",
  },
  {
    title: "the host interface off the bridge",
    node: ["ip link set dev fwv10 nomaster"],
    names: "bridge is none",
  },
  {
    title: "hairpin off",
    node: ["ip link set dev fwv10 type bridge_slave hairpin off"],
    names: "hairpin is false",
  },
  {
    title: "the host interface's MTU changed",
    node: ["ip link set dev fwv10 mtu 1300"],
    names: "mtuBytes is 1300",
  },
  {
    title: "the host interface's MAC changed",
    node: ["ip link set dev fwv10 address 02:00:00:00:00:99"],
    names: "mac is 02:00:00:00:00:99",
  },
  {
    title: "the pair gone",
    node: ["ip link del dev fwv10"],
    names: "veth pair fwv10 - eth0 is missing",
  },
  {
    title: "a chain drops what no rule has a verdict on",
    node: ["nft add chain inet fairway classify { policy drop; }"],
    names: "policy of chain classify is drop, should be accept",
  },
  {
    title: "the table asleep",
    node: ["nft add table inet fairway { flags dormant; }"],
    names: "flag is dormant, should be none",
  },
  {
    title: "the bridge down",
    node: ["ip link set dev fw0 down"],
    names: "bridge fw0: up is false",
  },
  {
    title: "the bridge's MAC changed",
    node: ["ip link set dev fw0 address 02:00:00:00:00:98"],
    names: "bridge fw0: mac",
  },
  {
    title: "the gateway's address gone",
    node: ["ip address del 198.19.1.1/24 dev fw0"],
    names: "address 198.19.1.1/24 on fw0 is missing",
  },
  { title: "the bridge gone", node: ["ip link del dev fw0"], names: "bridge fw0 is missing" },
  {
    title: "forwarding off",
    node: ["sysctl -qw net.ipv4.ip_forward=0"],
    names: "sysctl net.ipv4.ip_forward",
  },
  {
    title: "the bridge listens to routers, with IPv4 alone",
    node: ["sysctl -qw net.ipv6.conf.fw0.accept_ra=1"],
    names: "IPv6 setting accept_ra of fw0: value is 1",
  },
  {
    title: "bridged packets past iptables",
    node: ["sysctl -qw net.bridge.bridge-nf-call-iptables=0"],
    names: "sysctl net.bridge.bridge-nf-call-iptables",
  },
  {
    title: "the pod's address gone",
    pod: ["ip address del 198.19.1.2/24 dev eth0"],
    names: "address 198.19.1.2/24 on eth0 is missing",
  },
  {
    title: "the pod's default route gone",
    pod: ["ip route del default"],
    names: "route 0.0.0.0/0 on eth0 is missing",
  },
  {
    title: "the pod's default route elsewhere",
    pod: ["ip route replace default via 198.19.1.9"],
    names: "gw is 198.19.1.9",
  },
  {
    title: "the pod's interface down",
    pod: ["ip link set dev eth0 down"],
    names: "pod interface eth0: up is false",
  },
  {
    title: "the pod's MTU changed",
    pod: ["ip link set dev eth0 mtu 1280"],
    names: "mtuBytes is 1280",
  },
  {
    title: "the pod's GSO size changed",
    pod: ["ip link set dev eth0 gso_max_size 65536"],
    names: "gsoMaxBytes is 65536",
  },
  {
    title: "the pod's interface renamed",
    pod: ["ip link set dev eth0 down", "ip link set dev eth0 name net9"],
    names: "pod interface eth0 is missing",
  },
];

/** Of a node with both families. */
const dualCases: Tampering[] = [
  {
    title: "a map element of IPv6 gone",
    node: ["nft delete element inet fairway class6 { fd00:c613:1::2 }"],
    names: "element fd00:c613:1::2 of class6 is missing",
  },
  {
    title: "a map element of IPv6 with another class",
    node: [
      "nft delete element inet fairway class6 { fd00:c613:1::2 }",
      "nft add element inet fairway class6 { fd00:c613:1::2 : fa01:2 }",
    ],
    names: "element fd00:c613:1::2 of class6: value is fa01:2",
  },
  {
    title: "a masquerade element of IPv6 gone",
    node: ["nft delete element inet fairway masq6 { fd00:c613:1::/64 }"],
    names: "element fd00:c613:1::/64 of masq6",
  },
  {
    title: "a masquerade exception of IPv6 gone",
    node: ["nft delete element inet fairway nomasq6 { fd00:c613:1::/64 . fd00:c612::/64 }"],
    names: "nomasq6 is missing",
  },
  {
    title: "the gateway's address of IPv6 gone",
    node: ["ip address del fd00:c613:1::1/64 dev fw0"],
    names: "address fd00:c613:1::1/64 on fw0 is missing",
  },
  {
    title: "the bridge gone, with both gateways",
    node: ["ip link del dev fw0"],
    names: "address fd00:c613:1::1/64 on fw0 is missing",
  },
  {
    title: "forwarding of IPv6 off",
    node: ["sysctl -qw net.ipv6.conf.all.forwarding=0"],
    names: "sysctl net.ipv6.conf.all.forwarding",
  },
  {
    title: "the bridge listens to routers",
    node: ["sysctl -qw net.ipv6.conf.fw0.accept_ra=2"],
    names: "IPv6 setting accept_ra of fw0: value is 2",
  },
  {
    title: "the uplink would lose its router, with forwarding off",
    node: [
      "sysctl -qw net.ipv6.conf.all.forwarding=0",
      "sysctl -qw net.ipv6.conf.uplink.accept_ra=1",
    ],
    names: "IPv6 setting accept_ra of uplink: value is 1, should be 2",
  },
  {
    title: "the bridge without IPv6",
    node: ["sysctl -qw net.ipv6.conf.fw0.disable_ipv6=1"],
    names: "IPv6 setting disable_ipv6 of fw0: value is 1",
  },
  {
    title: "the pod's address of IPv6 gone",
    pod: ["ip address del fd00:c613:1::2/64 dev eth0"],
    names: "address fd00:c613:1::2/64 on eth0 is missing",
  },
  {
    title: "the pod's default route of IPv6 gone",
    pod: ["ip -6 route del default"],
    names: "route ::/0 on eth0 metric 1024 is missing",
  },
  {
    title: "the pod's default route of IPv6 elsewhere",
    pod: ["ip -6 route replace default via fd00:c613:1::9"],
    names: "gw is fd00:c613:1::9",
  },
  {
    title: "a route with another MTU",
    pod: ["ip route replace default via 198.19.1.1 mtu 1300 advmss 1300"],
    names: "mtuBytes is 1300",
  },
  {
    title: "a route of IPv6 without its MSS",
    pod: ["ip -6 route replace default via fd00:c613:1::1 mtu 1400"],
    names: "advmssBytes is none",
  },
  {
    title: "a route in a table of its own gone",
    pod: ["ip -6 route del fd00:7::/64 table 100"],
    names: "route fd00:7::/64 on eth0 table 100 metric 1024 is missing",
  },
  {
    title: "the pod without IPv6",
    pod: ["sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1"],
    names: "IPv6 setting disable_ipv6 of eth0: value is 1",
  },
  {
    title: "the pod listens to routers",
    pod: ["sysctl -qw net.ipv6.conf.eth0.accept_ra=1"],
    names: "IPv6 setting accept_ra of eth0: value is 1",
  },
  {
    title: "the pod's interface down, and with it IPv6",
    pod: ["ip link set dev eth0 down"],
    names: "address fd00:c613:1::2/64 on eth0 is missing",
  },
];

const dual = {
  ipMasqExcept: ["198.18.0.0/24", "fd00:c612::/64"],
  ipam: {
    ranges: [[{ subnet: "198.19.1.0/24" }], [{ subnet: "fd00:c613:1::/64" }]],
    routes: [
      { dst: "0.0.0.0/0", mtu: 1400, advmss: 1300 },
      { dst: "::/0", mtu: 1400, advmss: 1300 },
      { dst: "fd00:7::/64", table: 100 },
    ],
  },
};

const settings = { ipMasq: true, ipMasqExcept: ["198.18.0.0/24"] };
const promise = {
  "fairway.dev/egress-guarantee": "100M",
  "kubernetes.io/egress-bandwidth": "100M",
};

function tamper(
  node: TestNode,
  podNamespace: string,
  { node: onNode = [], pod: inPod = [] }: Tampering,
): void {
  for (const command of onNode) node.run(...command.split(" "));
  for (const command of inPod) mustInNamespace(podNamespace, command.split(" "));
}

describe("tampering", () => {
  const rows = [
    ...cases.map((row) => ({ row, over: {} })),
    ...dualCases.map((row) => ({ row, over: dual })),
  ];
  for (const { row, over } of rows)
    test(row.title, () =>
      withNode(
        (node) => {
          const [pod, other] = [node.pod("a"), node.pod("b")];
          const result = node.add(pod, { annotations: promise });
          const otherResult = node.add(other);
          const state = (): string[] => [
            dumpNode(node.lab.node),
            dumpPod(pod.namespace),
            dumpPod(other.namespace),
          ];
          const before = state();
          expect(node.check(pod, result).code).toBe(0);

          tamper(node, pod.namespace, row);
          const checked = node.check(pod, result);
          expect(checked.code).toBe(1);
          expect(checked.json).toMatchObject({ code: 109 });
          expect(checked.json.msg).toContain(row.names);

          const repaired = node.fairway("repair");
          expect(repaired.stderr).toBe("");
          expect(repaired.stdout).not.toContain("nothing to do");
          expect(state()).toEqual(before);
          expect(node.check(pod, result).stdout).toBe("");
          expect(node.check(other, otherResult).stdout).toBe("");
          expect(node.fairway("explain").stdout).toContain("nothing to do");
        },
        { ...settings, ...over },
      ),
    );

  test("a root qdisc of somebody else's is named, refused and left alone", () =>
    withNode((node) => {
      const pod = node.pod("a");
      const result = node.add(pod);
      node.run("tc", "qdisc", "replace", "dev", "uplink", "root", "handle", "7:", "htb");
      const before = dumpNode(node.lab.node);
      const checked = node.check(pod, result);
      expect(checked.json).toMatchObject({ code: 109 });
      expect(checked.json.msg).toContain("root qdisc of uplink is htb 7:");
      const refused = node.verb("ADD", node.pod("b"));
      expect(refused.json).toMatchObject({ code: 104 });
      expect(refused.json.msg).toContain("uplink is htb 7:");
      const repaired = node.fairway("repair");
      expect(repaired.code).toBe(1);
      expect(repaired.stderr).toContain("htb 7:");
      expect(dumpNode(node.lab.node)).toBe(before);
    }));

  test("leftovers of ours that are in no row are removed by repair, what is not ours stays", () =>
    withNode((node) => {
      node.add(node.pod("a"));
      const before = dumpNode(node.lab.node);
      node.run("ip", "link", "add", "fwv99", "type", "veth", "peer", "name", "stray");
      node.run("ip", "link", "set", "dev", "fwv99", "master", "fw0");
      node.run(
        "tc",
        "class",
        "add",
        "dev",
        "uplink",
        "parent",
        "fa01:1",
        "classid",
        "fa01:99",
        "htb",
        "rate",
        "1mbit",
      );
      node.run("nft", "add", "element", "inet", "fairway", "class4", "{ 198.19.1.99 : fa01:99 }");
      const stray = "{ fwv10 . 0a:58:c6:13:01:02 . 198.19.1.99 }";
      node.run("nft", "add", "element", "bridge", "fairway", "own4", stray);
      const lines = node.fairway("explain").stdout;
      for (const line of [
        "ip link del dev fwv99",
        "tc class del dev uplink classid fa01:99",
        "{ 198.19.1.99 }",
        stray,
      ])
        expect(lines).toContain(line);
      expect(node.fairway("repair").code).toBe(0);
      expect(dumpNode(node.lab.node)).toBe(before);
      // An address that an operator gave the bridge is not ours.
      node.run("ip", "address", "add", "198.18.77.1/24", "dev", "fw0");
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    }));
});
