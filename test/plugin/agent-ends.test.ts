/** An agent that dies, ends or is stopped in the middle: nothing is lost, and nothing is done twice. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { type Agent, callOf, startAgent } from "../support/agent.ts";
import { attachmentNames } from "../support/gone.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { slow, slowTools } from "../support/slow-tools.ts";
import { until } from "../support/until.ts";

interface World {
  node: TestNode;
  agent: Agent;
  tools: ReturnType<typeof slowTools>;
}

/** An agent whose verbs can be held in the middle, on a node that has its base. */
const withSlowAgent = (use: (world: World) => Promise<void>, toolLimit = "20s") =>
  withNode(async (node) => {
    const tools = slowTools(node);
    await using agent = await startAgent(node, {
      env: tools.env,
      options: ["--tool-limit", toolLimit],
    });
    expect((await agent.verb("ADD", node.pod("first"))).code).toBe(0);
    tools.hold();
    await use({ node, agent, tools });
  });

test("killed in the middle of an ADD: the asker sees it, and DEL and ADD by processes of their own go on", () =>
  withSlowAgent(async ({ node, agent, tools }) => {
    const pod = node.pod("a");
    const asked = agent.ask([callOf(node, "ADD", pod, slow)]);
    await until("the ADD stands in its middle", tools.hasBegun);
    agent.kill("SIGKILL");
    const [came] = await asked;
    expect(came).toMatchObject({ state: "broken", isAccepted: true });
    expect(attachmentNames(node)).toContain("pods/a/eth0");
    const del = node.start("DEL", pod);
    // The tool that the agent had started goes on, and the DEL waits for it.
    tools.goOn();
    expect((await del).code).toBe(0);
    expect(attachmentNames(node)).toEqual(["pods/first/eth0"]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(node.verb("ADD", pod, slow).code).toBe(0);
    // The next agent takes over what is there.
    await using next = await startAgent(node, { socket: agent.socket });
    expect((await next.verb("DEL", pod)).code).toBe(0);
    expect(attachmentNames(node)).toEqual(["pods/first/eth0"]);
  }));

test("told to end in the middle: that verb is answered, those that wait are declined", () =>
  withSlowAgent(async ({ node, agent, tools }) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const first = agent.ask([callOf(node, "ADD", a, slow)]);
    await until("the ADD stands in its middle", tools.hasBegun);
    const second = agent.ask([callOf(node, "ADD", b)]);
    agent.kill("SIGTERM");
    await Bun.sleep(300);
    tools.goOn();
    expect(await first).toMatchObject([{ state: "ended", code: 0 }]);
    // It came while the agent heard nothing, and was told so, or found nobody.
    expect(["declined", "nobody", "broken"]).toContain((await second)[0]?.state ?? "");
    expect(await agent.exited).toBe(0);
    expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/first/eth0"]);
    expect(node.verb("ADD", b).code).toBe(0);
  }));

test("what nobody waits for any more is not begun, and another verb is served after it", () =>
  withSlowAgent(async ({ node, agent, tools }) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const first = agent.ask([callOf(node, "ADD", a, slow)]);
    await until("the ADD stands in its middle", tools.hasBegun);
    const call = callOf(node, "ADD", b);
    const body = Object.entries({ ...call.env, FAIRWAY_AS: "fairway" })
      .map(([key, value]) => `${key}=${value}\0`)
      .join("");
    const head = `POST /v1/verb HTTP/1.1\r\nFairway-Protocol: 1\r\nContent-Length: ${Buffer.byteLength(body) + 1 + Buffer.byteLength(call.stdin)}\r\n\r\n`;
    const socket = await Bun.connect({ unix: agent.socket, socket: { data: () => {} } });
    socket.write(`${head}${body}\0${call.stdin}`);
    socket.terminate();
    tools.goOn();
    expect(await first).toMatchObject([{ state: "ended", code: 0 }]);
    expect((await agent.verb("ADD", node.pod("c"))).code).toBe(0);
    expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/c/eth0", "pods/first/eth0"]);
  }));

test("stopped in the middle, it holds up the others until its watchdog kills it", () =>
  withSlowAgent(async ({ node, agent, tools }) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const asked = agent.ask([callOf(node, "ADD", a, slow)]);
    await until("the ADD stands in its middle", tools.hasBegun);
    agent.kill("SIGSTOP");
    tools.goOn();
    const others = [node.start("DEL", a), node.start("ADD", b)];
    await Bun.sleep(300);
    agent.kill("SIGKILL");
    expect((await asked)[0]).toMatchObject({ state: "broken", isAccepted: true });
    for (const { code } of await Promise.all(others)) expect(code).toBe(0);
    expect(attachmentNames(node)).toEqual(["pods/b/eth0", "pods/first/eth0"]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test("a verb whose tool hangs is left to a process of its own, the others too, and the agent goes on", () =>
  withSlowAgent(async ({ node, agent, tools }) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    const [came] = await agent.ask([callOf(node, "ADD", a, slow)]);
    // What is taken back needs the tool, too, and it has less time for that.
    const late = /nft -f - did not end within (2|0\.5) s/;
    // It was begun, and nothing of it is left.
    expect(came).toMatchObject({
      state: "declined",
      isAccepted: true,
      why: expect.stringMatching(late),
    });
    expect(attachmentNames(node)).toEqual(["pods/first/eth0"]);
    for (const verb of ["DEL", "ADD"]) {
      expect(await agent.ask([callOf(node, verb, b)])).toMatchObject([
        { state: "declined", isAccepted: false, why: expect.stringMatching(late) },
      ]);
      expect(node.verb(verb, b).code).toBe(0);
    }
    // What it would repair, it leaves and tells, and answers as before.
    node.run("nft", "delete", "table", "inet", "fairway");
    await until("it tells that nothing is repaired", () =>
      agent.log().includes("nothing is repaired for now: nft -f - did not end"),
    );
    expect(agent.page("/healthz")).toBe("ok\n");
    expect(node.fairway("repair").code).toBe(0);
    expect(node.verb("ADD", a, slow).code).toBe(0);
    expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/b/eth0", "pods/first/eth0"]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    tools.goOn();
  }, "2s"));

test("a ledger that is cut while it is open ends the agent, and a process of its own tells what is wrong", () =>
  withNode(async (node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    await using agent = await startAgent(node);
    expect((await agent.verb("ADD", a)).code).toBe(0);
    truncateSync(join(node.dataDir, "ledger.db"), 0);
    const [came] = await agent.ask([callOf(node, "ADD", b)]);
    expect(came).toMatchObject({ state: "broken", isAccepted: false });
    expect(await agent.exited).toBe(1);
    expect(agent.log()).toContain("was cut, or its log was taken away");
    expect(node.verb("ADD", b).json).toMatchObject({
      code: 111,
      msg: expect.stringContaining("knows no pod since the node booted"),
    });
  }));

const kibOf = (pid: number, key: string): number =>
  Number(
    new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
  );

test(
  "after hundreds of verbs it has no more descriptors, and not much more memory; its log is bounded",
  () =>
    withNode(async (node) => {
      const pods = [node.pod("a"), node.pod("b")];
      await using agent = await startAgent(node);
      const cycles = async (n: number) => {
        const calls = Array.from({ length: n }, () =>
          pods.flatMap((pod) => ["ADD", "DEL"].map((verb) => callOf(node, verb, pod))),
        );
        const came = await agent.ask(calls.flat(), "apart");
        expect(came.filter((each) => each.state !== "ended" || each.code !== 0)).toEqual([]);
      };
      const files = () => readdirSync(`/proc/${agent.pid}/fd`).length;
      await cycles(25);
      const before = { files: files(), kib: kibOf(agent.pid, "VmRSS") };
      await cycles(150);
      await until("descriptors are closed", () => files() <= before.files);
      expect(kibOf(agent.pid, "VmRSS") - before.kib).toBeLessThan(64 * 1024);
      expect(Bun.file(join(node.dataDir, "ledger.db-wal")).size).toBeLessThan(4 * 1024 * 1024);
      const children = () => readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, "utf8");
      await until("no child is left", () => children().trim() === "");
    }),
  120_000,
);
