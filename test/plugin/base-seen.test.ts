/** An ADD looks at a base's outlines only: what takes a part of it away as a whole is mended by the next one all the same. */
import { expect, test } from "bun:test";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode } from "../support/dump.ts";
import { withNode } from "../support/node.ts";

interface Taken {
  title: string;
  commands: string[];
}

const taken: Taken[] = [
  { title: "the table", commands: ["nft delete table inet fairway"] },
  { title: "the table against spoofing", commands: ["nft delete table bridge fairway"] },
  { title: "all tables", commands: ["nft flush ruleset"] },
  {
    title: "a chain of the table",
    commands: ["nft flush chain inet fairway classify", "nft delete chain inet fairway classify"],
  },
  { title: "the tree on the uplink", commands: ["tc qdisc del dev uplink root"] },
  { title: "the tree on the bridge", commands: ["tc qdisc del dev fw0 root"] },
  { title: "forwarding", commands: ["sysctl -qw net.ipv4.ip_forward=0"] },
  { title: "the bridge", commands: ["ip link del fw0"] },
  { title: "the bridge's being up", commands: ["ip link set fw0 down"] },
  { title: "the bridge's MTU", commands: ["ip link set fw0 mtu 1400"] },
];

const shown = (name: string): string => dumpNode(name).replace(/handle \d+/g, "handle N");

test.each(taken)("$title gone: the next ADD makes it anew", ({ commands }) =>
  withNode((node) => {
    const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
    // The first makes the base, the second sees it whole and remembers it.
    for (const pod of [a, b]) node.add(pod);
    node.add(c);
    node.del(c);
    const before = shown(node.lab.node);
    for (const command of commands) mustInNamespace(node.lab.node, command.split(" "));
    expect(shown(node.lab.node)).not.toEqual(before);
    const added = node.add(c);
    expect(node.check(c, added)).toMatchObject({ code: 0 });
    node.del(c);
    expect(shown(node.lab.node)).toEqual(before);
  }),
);
