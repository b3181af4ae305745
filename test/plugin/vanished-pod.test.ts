/** A pod whose namespace went without a DEL stands in nobody's way until one comes. */
import { expect, test } from "bun:test";
import { type TestNode, withNode } from "../support/node.ts";

const pod = (name: string) => ({ args: `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}` });
const ended = (done: { code: number | null; stderr: string }) => [done.code, done.stderr];

const works: [string, (node: TestNode) => void][] = [
  [
    "set",
    (node) => expect(ended(node.fairway("set", "shop/b", "egress-guarantee=50M"))).toEqual([0, ""]),
  ],
  [
    "set-capacity",
    (node) => expect(ended(node.fairway("set-capacity", "--egress", "300M"))).toEqual([0, ""]),
  ],
  [
    "an ADD that has to make the base anew",
    (node) => {
      node.run("nft", "delete", "table", "inet", "fairway");
      node.add(node.pod("c"));
    },
  ],
];

test.each(works)("%s works beside it, and nothing differs from the ledger then", (_, work) =>
  withNode((node) => {
    const [gone, b] = [node.pod("a"), node.pod("b")];
    node.add(gone, pod("a"));
    node.add(b, pod("b"));
    node.run("ip", "netns", "del", gone.namespace);
    work(node);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    node.del(gone);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(node.run("tc", "class", "show", "dev", "uplink")).not.toContain("fa01:10 ");
  }),
);
