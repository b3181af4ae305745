/** The agent that serves verbs keeps the node true beside that, unless it was told only to observe. */
import { expect, test } from "bun:test";
import { startAgent } from "../support/agent.ts";
import { dumpNode, withoutHandles } from "../support/dump.ts";
import { withNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const broken = [
  ["nft", "flush", "chain", "inet", "fairway", "classify"],
  ["ip", "link", "set", "dev", "fw0", "down"],
];

test("what is broken under it is put back, and verbs are served meanwhile", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    await using agent = await startAgent(node);
    expect((await agent.verb("ADD", a)).code).toBe(0);
    const state = (): string => withoutHandles(dumpNode(node.lab.node));
    const before = state();
    for (const [program = "", ...words] of broken) node.run(program, ...words);
    expect(state()).not.toBe(before);
    await until("all of it is as before", () => state() === before);
    await until("it is told", () => agent.log().includes("the node: repaired"));
    expect((await agent.verb("ADD", b)).code).toBe(0);
    expect((await agent.verb("DEL", b)).code).toBe(0);
    expect(state()).toBe(before);
  }));

test("with --repair observe it is told and left", () =>
  withNode(async (node) => {
    const a = node.pod("a");
    await using agent = await startAgent(node, { options: ["--repair", "observe"] });
    expect((await agent.verb("ADD", a)).code).toBe(0);
    for (const [program = "", ...words] of broken) node.run(program, ...words);
    const after = withoutHandles(dumpNode(node.lab.node));
    await until("it is told", () => agent.log().includes("the node: drift"));
    await Bun.sleep(2_000);
    expect(withoutHandles(dumpNode(node.lab.node))).toBe(after);
    expect(node.fairway("repair").code).toBe(0);
  }));
