/** What was altered is named by CHECK and put back by repair, on one node for all cases. */
import assert from "node:assert/strict";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { withNode } from "../support/node.ts";
import type { Suite } from "./suite.ts";

interface Tampering {
  title: string;
  commands: string[];
  /** What CHECK must say. */
  names: RegExp;
}

const promise = {
  "fairway.dev/egress-guarantee": "100M",
  "kubernetes.io/egress-bandwidth": "100M",
};

const cases: Tampering[] = [
  {
    title: "a class with another rate",
    commands: [
      "tc class change dev uplink classid fa01:10 parent fa01:1 htb rate 90mbit ceil 100mbit burst 62500b cburst 62500b quantum 65536 prio 1",
    ],
    names: /class fa01:10 on uplink: rateBytes is 11250000/,
  },
  {
    title: "a class gone",
    commands: ["tc class del dev fw0 classid fa01:10"],
    names: /class fa01:10 on fw0 is missing/,
  },
  {
    title: "the tree's rate changed",
    commands: [
      "tc qdisc change dev uplink root handle fa00: tbf rate 10mbit burst 70000b limit 140000b",
    ],
    names: /root qdisc of uplink: rate/,
  },
  {
    title: "the tree gone, the kernel's default in its place",
    commands: ["tc qdisc del dev uplink root"],
    names: /root qdisc of uplink/,
  },
  {
    title: "a map element gone",
    commands: ["nft delete element inet fairway class4 { 198.19.1.2 }"],
    names: /element 198\.19\.1\.2 of class4 is missing/,
  },
  {
    title: "bridged packets past iptables",
    commands: ["sysctl -qw net.bridge.bridge-nf-call-iptables=0"],
    names: /sysctl net\.bridge\.bridge-nf-call-iptables/,
  },
];

export const tampering: Suite = (test) =>
  withNode(async (node) => {
    const pod = node.pod("a");
    const result = node.add(pod, { annotations: promise });
    const state = () => [dumpNode(node.lab.node), dumpPod(pod.namespace)];
    const before = state();
    for (const { title, commands, names } of cases)
      await test(title, () => {
        for (const command of commands) node.run(...command.split(" "));
        const checked = node.check(pod, result);
        assert.equal(checked.json.code, 109, checked.stdout);
        assert.match(String(checked.json.msg), names);
        const repaired = node.fairway("repair");
        assert.equal(repaired.code, 0, repaired.stderr);
      });
    await test("all of it is as it was before", () => {
      assert.deepEqual(state(), before);
      assert.equal(node.check(pod, result).stdout, "");
      assert.match(node.fairway("explain").stdout, /nothing to do/);
    });
  });
