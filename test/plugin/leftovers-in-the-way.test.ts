/**
 * What stands in the way of a repair goes before what is made in its place: somebody's classes,
 * handles and queues, as Linux refuses to build around them. One repair is enough.
 */
import { describe, expect, test } from "bun:test";
import { dumpNode } from "../support/dump.ts";
import { withNode } from "../support/node.ts";

/** Commands on a node with two pods, whose classes are fa01:10 and fa01:11. */
const cases: [title: string, ...commands: string[]][] = [
  [
    "our queue under another handle",
    "tc qdisc replace dev uplink parent fa01:10 handle 77: bfifo limit 9000b",
  ],
  [
    "another kind of queue under our handle",
    "tc qdisc del dev uplink parent fa01:10",
    "tc qdisc add dev uplink parent fa01:10 handle 10: pfifo limit 7",
  ],
  [
    "two queues with each other's handles",
    "tc qdisc del dev uplink parent fa01:10",
    "tc qdisc del dev uplink parent fa01:11",
    "tc qdisc add dev uplink parent fa01:10 handle 11: bfifo limit 9000b",
    "tc qdisc add dev uplink parent fa01:11 handle 10: bfifo limit 9000b",
  ],
  [
    "a class below a leaf of ours, and one below that",
    "tc class add dev uplink parent fa01:10 classid fa01:98 htb rate 1mbit",
    "tc class add dev uplink parent fa01:98 classid fa01:99 htb rate 1mbit",
  ],
  [
    "a leaf below another leaf",
    "tc class del dev uplink classid fa01:11",
    "tc class add dev uplink parent fa01:10 classid fa01:11 htb rate 1mbit",
  ],
  [
    "an HTB with another default",
    "tc qdisc del dev uplink parent fa00:1",
    "tc qdisc add dev uplink parent fa00:1 handle fa01: htb default 7",
  ],
  [
    "an HTB under another handle",
    "tc qdisc del dev uplink parent fa00:1",
    "tc qdisc add dev uplink parent fa00:1 handle 5: htb",
  ],
  [
    "a leftover with a handle that is needed",
    "tc qdisc del dev uplink parent fa01:10",
    "tc class add dev uplink parent fa01:1 classid fa01:99 htb rate 1mbit",
    "tc qdisc add dev uplink parent fa01:99 handle 10: bfifo limit 9000b",
  ],
  [
    "a masquerade in smaller pieces",
    "nft delete element inet fairway masq4 { 198.19.1.0/24 }",
    "nft add element inet fairway masq4 { 198.19.1.0/25 }",
  ],
];

describe("one repair mends", () => {
  for (const [title, ...commands] of cases)
    test(title, () =>
      withNode(
        (node) => {
          node.add(node.pod("a"), { annotations: { "fairway.dev/egress-guarantee": "100M" } });
          node.add(node.pod("b"));
          const before = dumpNode(node.lab.node);
          for (const command of commands) node.run(...command.split(" "));
          expect(dumpNode(node.lab.node)).not.toBe(before);
          const repaired = node.fairway("repair");
          expect(repaired.stderr).toBe("");
          expect(repaired.code).toBe(0);
          expect(dumpNode(node.lab.node)).toBe(before);
          expect(node.fairway("explain").stdout).toContain("nothing to do");
        },
        { ipMasq: true },
      ),
    );
});
