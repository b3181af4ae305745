/** An agent that is stopped (SIGSTOP), through a launcher: its watchdog kills it, and the verbs are done. */
import { expect, test } from "bun:test";
import { attachmentNames } from "../support/gone.ts";
import { type Launched, withLaunched } from "../support/launched-node.ts";
import { slow, slowTools } from "../support/slow-tools.ts";
import { until } from "../support/until.ts";

const killedByWatchdog = ({ agent }: Launched): Promise<void> =>
  until("the watchdog kills it", () => agent.counts.killedByWatchdog === 1);

const isAsItHasToBe = ({ node }: Launched, names: string[]): void => {
  expect(attachmentNames(node)).toEqual(names);
  expect(node.fairway("explain").stdout).toContain("nothing to do");
};

test("before a verb: it is not waited for, and the next agent serves", () =>
  withLaunched(
    async (launched) => {
      const { node, agent, verb } = launched;
      const pod = node.pod("a");
      agent.kill("SIGSTOP");
      expect((await verb("ADD", pod)).code).toBe(0);
      expect(launched.reasons()).toEqual(["timeout"]);
      await killedByWatchdog(launched);
      await agent.serving();
      expect((await verb("DEL", pod)).code).toBe(0);
      isAsItHasToBe(launched, []);
    },
    { build: "shipped" },
  ));

/** An agent whose next verb stands in its middle, beside the pod `first`. */
const withSlowTools = (
  use: (launched: Launched, tools: ReturnType<typeof slowTools>) => Promise<void>,
) => {
  let tools: ReturnType<typeof slowTools> | undefined;
  return withLaunched(
    async (launched) => {
      if (tools === undefined) throw new Error("there are no tools");
      expect((await launched.verb("ADD", launched.node.pod("first"), slow)).code).toBe(0);
      tools.hold();
      await use(launched, tools);
    },
    {
      envOn: (node) => {
        tools = slowTools(node);
        return tools.env;
      },
    },
  );
};

test("in the middle of an ADD: it ends with code 11, DEL undoes it, and others only wait", () =>
  withSlowTools(async (launched, tools) => {
    const { node, agent, verb } = launched;
    const [a, b] = [node.pod("a"), node.pod("b")];
    const asked = verb("ADD", a, slow);
    await until("the ADD stands in its middle", tools.hasBegun);
    agent.kill("SIGSTOP");
    tools.goOn();
    const other = node.start("ADD", b);
    expect((await asked).json).toMatchObject({
      code: 11,
      msg: "Fairway's agent accepted the ADD, and its connection ended before the answer",
    });
    expect(agent.counts.killedByWatchdog).toBe(1);
    expect((await verb("DEL", a)).code).toBe(0);
    expect((await other).code).toBe(0);
    isAsItHasToBe(launched, ["pods/b/eth0", "pods/first/eth0"]);
  }));

test("in the middle of a DEL: it is done again by a process of its own", () =>
  withSlowTools(async (launched, tools) => {
    const { node, agent, verb } = launched;
    const asked = verb("DEL", { ...node.pod("any"), containerId: "first" });
    await until("the DEL stands in its middle", tools.hasBegun);
    agent.kill("SIGSTOP");
    tools.goOn();
    expect((await asked).code).toBe(0);
    expect(agent.counts.killedByWatchdog).toBe(1);
    expect(launched.reasons()).toEqual(["broken"]);
    isAsItHasToBe(launched, []);
  }));
