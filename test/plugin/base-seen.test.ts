/** What is taken from the base or changed in it by hand, in the whole or in a part, is put back by the next ADD. */
import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { generationsFileName } from "../../src/kernel/own-generations.ts";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode } from "../support/dump.ts";
import { type AddOptions, type Pod, type TestNode, withNode } from "../support/node.ts";

interface Taken {
  title: string;
  /** HANDLE: of the first rule that gives a pod's packet its class. */
  commands: string[];
}

const taken: Taken[] = [
  { title: "the table", commands: ["nft delete table inet fairway"] },
  { title: "the table against spoofing", commands: ["nft delete table bridge fairway"] },
  { title: "all tables", commands: ["nft flush ruleset"] },
  { title: "all rules of the table", commands: ["nft flush table inet fairway"] },
  { title: "all rules against spoofing", commands: ["nft flush table bridge fairway"] },
  { title: "the rules of one chain", commands: ["nft flush chain inet fairway classify"] },
  { title: "one rule", commands: ["nft delete rule inet fairway classify handle HANDLE"] },
  {
    title: "one rule, replaced by another",
    commands: ["nft replace rule inet fairway classify handle HANDLE accept"],
  },
  {
    title: "a chain with its rules",
    commands: ["nft flush chain inet fairway classify", "nft delete chain inet fairway classify"],
  },
  { title: "a base chain", commands: ["nft delete chain inet fairway source-nat"] },
  {
    title: "a rule in front that accepts",
    commands: ["nft insert rule inet fairway classify accept"],
  },
  {
    title: "a rule in front against spoofing that accepts",
    commands: ["nft insert rule bridge fairway guard accept"],
  },
  {
    title: "a chain's policy",
    commands: ["nft add chain inet fairway classify { policy drop; }"],
  },
  {
    title: "a policy against spoofing",
    commands: ["nft add chain bridge fairway guard { policy drop; }"],
  },
  {
    title: "a table put to sleep",
    commands: ["nft add table inet fairway { flags dormant; }"],
  },
  { title: "every pod's class", commands: ["nft flush map inet fairway class4"] },
  {
    title: "another pod's class",
    commands: ["nft delete element inet fairway class4 { 198.19.1.2 }"],
  },
  {
    title: "another pod's class, changed",
    commands: [
      "nft delete element inet fairway class4 { 198.19.1.2 }",
      "nft add element inet fairway class4 { 198.19.1.2 : fa01:2 }",
    ],
  },
  { title: "what pods may send under", commands: ["nft flush set bridge fairway own4"] },
  {
    title: "a pod's counter against spoofing",
    commands: ['nft delete element bridge fairway violations { "fwv10" }'],
  },
  { title: "what is masqueraded", commands: ["nft flush set inet fairway masq4"] },
  { title: "the tree on the uplink", commands: ["tc qdisc del dev uplink root"] },
  {
    title: "the tree on the uplink, replaced",
    commands: ["tc qdisc replace dev uplink root pfifo_fast"],
  },
  { title: "the tree on the bridge", commands: ["tc qdisc del dev fw0 root"] },
  {
    title: "the rate of a tree",
    commands: [
      "tc qdisc change dev uplink root handle fa00: tbf rate 10mbit burst 10kb limit 20kb",
    ],
  },
  {
    title: "the root class's rate",
    commands: [
      "tc class change dev uplink parent fa01: classid fa01:1 htb rate 10mbit ceil 10mbit",
    ],
  },
  {
    title: "the host's class, changed",
    commands: ["tc class change dev uplink parent fa01:1 classid fa01:2 htb rate 1mbit ceil 1mbit"],
  },
  {
    title: "the host's class's queue",
    commands: ["tc qdisc del dev uplink parent fa01:2"],
  },
  {
    title: "the host's class",
    commands: ["tc qdisc del dev uplink parent fa01:2", "tc class del dev uplink classid fa01:2"],
  },
  { title: "forwarding", commands: ["sysctl -qw net.ipv4.ip_forward=0"] },
  {
    title: "bridged packets past iptables",
    commands: ["sysctl -qw net.bridge.bridge-nf-call-iptables=0"],
  },
  { title: "the bridge", commands: ["ip link del fw0"] },
  { title: "the bridge's being up", commands: ["ip link set fw0 down"] },
  { title: "the bridge's MTU", commands: ["ip link set fw0 mtu 1400"] },
  { title: "the bridge's MAC", commands: ["ip link set fw0 address 02:00:00:00:00:98"] },
  { title: "the gateway's address", commands: ["ip address del 198.19.1.1/24 dev fw0"] },
  { title: "a setting of the bridge", commands: ["sysctl -qw net.ipv6.conf.fw0.accept_ra=1"] },
];

/** The stages of an ADD that succeeds: "observe" is a look at each part of the base. */
/** The stages of an ADD in which it is about the base. */
function stagesOf(node: TestNode, pod: Pod, options: AddOptions = {}): string[] {
  const logFile = join(node.dataDir, "trace.log");
  node.add(pod, {
    ...options,
    config: { logFile, logLevel: "info" },
    env: { FAIRWAY_TRACE: "1" },
  });
  const lines = readFileSync(logFile, "utf8").trim().split("\n");
  rmSync(logFile);
  const stages = lines.flatMap((line) => (JSON.parse(line) as { stage?: string }).stage ?? []);
  return stages.slice(stages.indexOf("base"), stages.indexOf("pod"));
}

const guaranteed = { annotations: { "fairway.dev/ingress-guarantee": "20M" } };

test("nothing gone or changed: an ADD looks at no part of the base, whatever was changed elsewhere", () =>
  withNode((node) => {
    const [a, b, c, d] = [node.pod("a"), node.pod("b"), node.pod("c"), node.pod("d")];
    node.add(a);
    // The tree of the first look had no pod's class.
    expect(stagesOf(node, b)).toContain("observe");
    expect(stagesOf(node, c)).not.toContain("observe");
    node.del(b);
    node.del(c);
    mustInNamespace(node.lab.node, ["nft", "add table inet another"]);
    expect(stagesOf(node, b)).not.toContain("observe");
    mustInNamespace(node.lab.node, ["nft", "add chain inet another c"]);
    // What the host itself may receive follows the guarantees: a rule of ours is changed.
    expect(stagesOf(node, c, guaranteed)).not.toContain("observe");
    expect(stagesOf(node, d, guaranteed)).not.toContain("observe");
    node.del(c);
    expect(stagesOf(node, c)).not.toContain("observe");
    mustInNamespace(node.lab.node, "nft insert rule inet fairway classify accept".split(" "));
    node.del(c);
    expect(stagesOf(node, c)).toContain("observe");
  }));

test("what is lost of our own changes costs a look, and nothing else", () =>
  withNode((node) => {
    const [a, b, c, d] = [node.pod("a"), node.pod("b"), node.pod("c"), node.pod("d")];
    node.add(a);
    node.add(b);
    rmSync(join(node.dataDir, generationsFileName));
    expect(stagesOf(node, c)).toContain("observe");
    expect(stagesOf(node, d)).not.toContain("observe");
  }));

/** Names and rates, not which of several of the same rules was made when. */
const shown = ({ lab }: TestNode): string => dumpNode(lab.node).replace(/handle \d+/g, "handle N");

test.each(taken)("$title: the next ADD puts it back, for all pods", ({ commands }) =>
  withNode((node) => {
    node.config.ipMasq = true;
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    // The first makes the base, the second sees it whole and remembers it.
    for (const pod of [a, b]) node.add(pod);
    node.add(c);
    node.del(c);
    const before = shown(node);
    const chain = node.run("nft", "-a", "list", "chain", "inet", "fairway", "classify");
    const [, handle = ""] = /fairway egress .*# handle (\d+)/.exec(chain) ?? [];
    for (const command of commands)
      mustInNamespace(node.lab.node, command.replace("HANDLE", handle).split(" "));
    expect(shown(node)).not.toEqual(before);
    const added = node.add(c);
    expect(node.check(c, added)).toMatchObject({ code: 0 });
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    node.del(c);
    expect(shown(node)).toEqual(before);
  }),
);
