/** Without ip, tc and nft: what works, and who says what is missing where it does not. */
import { describe, expect, test } from "bun:test";
import { onBareNode } from "../support/bare.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { withNode } from "../support/node.ts";

/** One address of each family, so that who comes next gets the same. */
const only = (subnet: string, address: string) => [
  { subnet, rangeStart: address, rangeEnd: address },
];
const guaranteed = {
  annotations: { "fairway.dev/egress-guarantee": "50M", "fairway.dev/latency-target": "5ms" },
  config: {
    ipMasq: true,
    ipam: { ranges: [only("198.19.1.0/24", "198.19.1.7"), only("fd00:1::/64", "fd00:1::7")] },
  },
};

describe("a node without any tool", () => {
  test("the first pod and what all pods share, and STATUS before: as with the tools, to the last number", () =>
    withNode((node) => {
      const pod = node.pod("a");
      const empty = dumpPod(pod.namespace);
      const status = { config: { cniVersion: "1.1.0" } };
      const nobody = { containerId: "", namespace: "", netns: "" };
      expect(onBareNode(node, { verb: "STATUS", pod: nobody, options: status })).toMatchObject({
        code: 0,
        stdout: "",
      });
      const added = onBareNode(node, { verb: "ADD", pod, options: guaranteed });
      expect([added.code, added.stderr]).toEqual([0, ""]);
      const config = { ...guaranteed.config, prevResult: added.json };
      const options = { ...guaranteed, config };
      expect(onBareNode(node, { verb: "CHECK", pod, options })).toMatchObject({
        code: 0,
        stdout: "",
      });
      const made = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
      // No courier either: the pair is deleted by who was asked.
      expect(onBareNode(node, { verb: "DEL", pod, options: guaranteed }).code).toBe(0);
      expect(dumpPod(pod.namespace)).toBe(empty);
      for (const table of ["inet fairway", "bridge fairway"])
        node.run("nft", "delete", "table", ...table.split(" "));
      node.add(pod, { ...guaranteed, env: { FAIRWAY_BACKEND: "exec" } });
      expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(made);
    }));

  test("`repair` makes the tables again", () =>
    withNode((node) => {
      node.add(node.pod("a"), guaranteed);
      const before = dumpNode(node.lab.node);
      node.run("nft", "flush", "ruleset");
      expect(onBareNode(node, { argv: ["repair"] })).toMatchObject({ code: 0, stderr: "" });
      expect(dumpNode(node.lab.node)).toBe(before);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    }));

  test("with FAIRWAY_BACKEND=exec: the tool is named, and nothing is left", () =>
    withNode((node) => {
      const before = dumpNode(node.lab.node);
      const options = { ...guaranteed, env: { FAIRWAY_BACKEND: "exec" } };
      const pod = node.pod("a");
      expect(onBareNode(node, { verb: "ADD", pod, options }).json).toMatchObject({
        code: 105,
        msg: expect.stringMatching(/^(ip|tc|nft) is in none of the folders of PATH/),
      });
      expect(dumpNode(node.lab.node)).toBe(before);
    }));

  test("the doctor tells them, and what it cannot tell without nft", () =>
    withNode((node) => {
      node.add(node.pod("a"), guaranteed);
      const levels = (): Record<string, string> => {
        const { stdout } = onBareNode(node, { argv: ["doctor", "--json"] });
        const { findings } = JSON.parse(stdout) as { findings: { id: string; level: string }[] };
        return Object.fromEntries(findings.map(({ id, level }) => [id, level]));
      };
      const tools = { "tools.ip": "warn", "tools.tc": "warn", "tools.nft": "warn" };
      expect(levels()).toMatchObject({ ...tools, "path.forward": "ok", "path.flowtables": "ok" });
      node.run("nft", "add", "table", "ip", "others");
      node.run(
        ...["nft", "add", "chain", "ip", "others", "forward"],
        "{ type filter hook forward priority 0; }",
      );
      expect(levels()).toMatchObject({ ...tools, "path.forward": "warn" });
    }));
});

test("a backend that there is not is refused, and nothing is done", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const before = dumpNode(node.lab.node);
    expect(node.verb("ADD", pod, { env: { FAIRWAY_BACKEND: "magic" } }).json).toMatchObject({
      code: 4,
      msg: 'FAIRWAY_BACKEND is "magic"',
      details: expect.stringContaining("netlink (as without it) or exec"),
    });
    expect(dumpNode(node.lab.node)).toBe(before);
  }));

test("a process that may not compile its calls says so, what forbids it, and leaves nothing", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const before = dumpNode(node.lab.node);
    expect(node.verb("ADD", pod, { env: { BUN_JSC_useJIT: "0" } }).json).toMatchObject({
      code: 106,
      details: expect.stringContaining("MemoryDenyWriteExecute="),
    });
    expect(dumpNode(node.lab.node)).toBe(before);
  }));
