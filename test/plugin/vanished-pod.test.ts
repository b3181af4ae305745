/** A pod whose namespace went without a DEL stands in nobody's way until one comes. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { delNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";

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

const real = "/usr/sbin:/usr/bin:/sbin:/bin";

/** A PATH whose tools take a pod's namespace away before they do their work for the first time. */
function toolsThatRemove(node: TestNode, { namespace }: Pod): string {
  const folder = join(node.dataDir, "tools");
  mkdirSync(folder);
  for (const tool of ["ip", "tc", "nft"]) {
    const script = `#!/bin/sh
PATH=${real}
case "$*" in *list*) ;; *) [ ! -e /run/netns/${namespace} ] || ip netns del ${namespace} ;; esac
exec ${tool} "$@"
`;
    writeFileSync(join(folder, tool), script, { mode: 0o755 });
  }
  return `${folder}:${real}`;
}

interface Race {
  title: string;
  /** What is missing when it begins, so that it has to be made. */
  lost: string[][];
  work: (node: TestNode, env: Record<string, string>) => void;
}

const base = [
  ["ip", "link", "del", "fw0"],
  ["nft", "delete", "table", "inet", "fairway"],
];
const pair = ["ip", "link", "del", "fwv10"];
const add: Race["work"] = (node, env) => void node.add(node.pod("c"), { env });
const command =
  (...argv: string[]): Race["work"] =>
  (node, env) => {
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    node.run("env", ...words, binary, ...argv, "--data-dir", node.dataDir);
  };
/** The namespace goes by what a tool does, so the tools make the changes. */
const byTools = { FAIRWAY_BACKEND: "exec" };

const races: Race[] = [
  { title: "an ADD that makes the base and its pair", lost: [...base, pair], work: add },
  { title: "an ADD that makes the base and puts its port back", lost: base, work: add },
  {
    title: "set",
    lost: [pair],
    work: command("set", "shop/b", "egress-guarantee=50M"),
  },
  {
    title: "set-capacity",
    lost: [pair],
    work: command("set-capacity", "--egress", "300M"),
  },
  { title: "repair", lost: [pair], work: command("repair") },
];

test.each(races)("a namespace that goes between the look and the step: $title", ({ lost, work }) =>
  withNode((node) => {
    const [gone, b] = [node.pod("a"), node.pod("b")];
    node.add(gone, pod("a"));
    const result = node.add(b, pod("b"));
    for (const argv of lost) node.run(...argv);
    work(node, { ...byTools, PATH: toolsThatRemove(node, gone) });
    expect(existsSync(gone.netns)).toBe(false);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(node.check(b, result, pod("b")).stdout).toBe("");
    node.del(gone);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(node.run("tc", "class", "show", "dev", "uplink")).not.toContain("fa01:10 ");
  }),
);

test("a file where a namespace was is a namespace that is gone", () =>
  withNode((node) => {
    const [gone, b] = [node.pod("a"), node.pod("b")];
    node.add(gone, pod("a"));
    const result = node.add(b, pod("b"));
    for (const argv of [...base, pair]) node.run(...argv);
    // As between the two halves of a removal, or where the second never came.
    delNamespace(gone.namespace);
    writeFileSync(gone.netns, "");
    try {
      node.add(node.pod("c"));
      expect(node.check(b, result, pod("b")).stdout).toBe("");
      node.del(gone);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    } finally {
      rmSync(gone.netns);
    }
  }));
