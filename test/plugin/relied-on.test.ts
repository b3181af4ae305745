/**
 * What is relied on (docs/doctor.md): each is broken, and who notices it and who mends it is as the page
 * says; after `repair` the node is as before, and a second one has nothing to do. Both ways of writing to
 * the kernel mend it.
 */
import { describe, expect, test } from "bun:test";
import type { Finding } from "../../src/ops/doctor/finding.ts";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { pageText, tablesOf } from "../support/pages.ts";
import { type Reliance, reliances } from "../support/relied-on.ts";
import { annotations, happens, reliedOnConfig, stateOf } from "../support/relied-on-node.ts";

/** By what is relied on: who notices, who mends. */
const page = new Map(
  tablesOf(pageText("docs/doctor.md"))
    .filter(({ header }) => header[0] === "relied on")
    .flatMap(({ rows }) => rows)
    .map(
      ([title = "", noticed = "", mended = ""]): [string, { noticed: string; mended: string }] => [
        title,
        { noticed, mended },
      ],
    ),
);

test("the page and this test have the same list", () => {
  const titles = reliances.map(({ title }) => title);
  expect(titles.toSorted()).toEqual([...new Set(titles)].toSorted());
  expect([...page.keys()]).toEqual(titles);
});

const findings = (node: TestNode): string[] => {
  const { stdout } = node.fairway("doctor", "--json", "--conf-dir", "/nonexistent");
  const { findings: all } = JSON.parse(stdout) as { findings: Finding[] };
  return all.filter(({ level }) => level !== "ok").map(({ id, found }) => `${id}: ${found}`);
};

/** By tools instead of messages. */
function repairByTools(node: TestNode): void {
  const argv = [binary, "repair", "--data-dir", node.dataDir];
  const env = { FAIRWAY_BACKEND: "exec" };
  const { code, stderr } = inNamespace(node.lab.node, argv, { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

/** Who says it. */
function noticed(
  row: Reliance,
  node: TestNode,
  pod: Pod,
  result: Record<string, unknown>,
  usual: string[],
): string {
  const checked = node.check(pod, result);
  const status = node.verb(
    "STATUS",
    { containerId: "", namespace: "", netns: "" },
    { config: { cniVersion: "1.1.0" } },
  );
  const found = findings(node).filter((each) => !usual.includes(each));
  const said = [String(checked.json.msg ?? ""), String(status.json.msg ?? ""), ...found].join("\n");
  if (!said.includes(row.says)) return `nobody says "${row.says}": ${said}`;
  return [
    ...(checked.code === 0 ? [] : ["CHECK"]),
    ...(status.code === 0 ? [] : ["STATUS"]),
    ...(found.length === 0 ? [] : ["doctor"]),
  ].join(", ");
}

const groups = [...new Set(reliances.map(({ group }) => group))];

describe.each(groups)("%s", (group) => {
  const rows = reliances.filter((row) => row.group === group);
  test(
    `each of ${rows.length} is noticed and mended as the page says`,
    () =>
      withNode((node) => {
        const [pod, other] = [node.pod("a"), node.pod("b")];
        const result = node.add(pod, { annotations });
        node.add(other);
        const usual = findings(node);
        const state = (): string[] => stateOf(node, [pod, other]);
        const before = state();
        for (const row of rows) {
          const { title, undo = [] } = row;
          happens(row, node, pod);
          const who = noticed(row, node, pod, result, usual);
          const wanted = page.get(title);
          expect({ title, who }).toEqual({ title, who: wanted?.noticed ?? "" });
          const repaired = node.fairway("repair");
          expect({ title, code: repaired.code, stderr: repaired.stderr }).toEqual({
            title,
            code: 0,
            stderr: "",
          });
          const mends = !repaired.stdout.includes("nothing to do");
          expect({ title, mends }).toEqual({ title, mends: wanted?.mended === "`repair`" });
          for (const command of undo) node.run(...command.split(" "));
          expect({ title, state: state() }).toEqual({ title, state: before });
          expect({ title, again: node.fairway("repair").stdout }).toEqual({
            title,
            again: "nothing to do\n",
          });
          expect({ title, checked: node.check(pod, result).stdout }).toEqual({
            title,
            checked: "",
          });
          if (!mends) continue;
          happens(row, node, pod);
          repairByTools(node);
          for (const command of undo) node.run(...command.split(" "));
          expect({ title, state: state() }).toEqual({ title, state: before });
        }
      }, reliedOnConfig),
    300_000,
  );
});

test("the next ADD finds the node's route gone, too, and puts it back", () =>
  withNode((node) => {
    const pod = node.pod("a");
    const result = node.add(pod);
    node.add(node.pod("b"));
    const before = node.run("ip", "route", "show", "198.19.1.0/24");
    node.run("ip", "route", "del", "198.19.1.0/24");
    node.add(node.pod("c"));
    expect(node.run("ip", "route", "show", "198.19.1.0/24")).toBe(before);
    expect(node.check(pod, result).stdout).toBe("");
  }));

test("an ADD names what stands in the place of the node's route", () =>
  withNode((node) => {
    node.add(node.pod("a"));
    node.run("ip", "route", "replace", "blackhole", "198.19.1.0/24");
    const refused = node.verb("ADD", node.pod("b"));
    expect(refused.json).toMatchObject({ code: 7 });
    expect(refused.json.msg).toContain("blackhole");
    expect(node.fairway("repair").stdout).toContain("type is blackhole, should be unicast");
    node.add(node.pod("c"));
  }));

test("what something else sets again right after a repair is told by its name", () =>
  withNode(async (node) => {
    node.add(node.pod("a"));
    const setting = "net.ipv4.conf.fw0.forwarding";
    const loop = `for i in $(seq 600); do echo 0 > /proc/sys/${setting.replaceAll(".", "/")}; sleep 0.01; done`;
    const other = Bun.spawn(["ip", "netns", "exec", node.lab.node, "sh", "-c", loop]);
    try {
      while (!node.run("sysctl", "-n", setting).includes("0")) await Bun.sleep(10);
      const repaired = node.fairway("repair");
      expect(repaired.code).toBe(1);
      expect(repaired.stdout).toContain(`change: sysctl ${setting}: value is 0, should be 1`);
      expect(repaired.stderr).toContain("came back within");
      expect(repaired.stderr).toContain(`sysctl ${setting}: value is 0, should be 1`);
      expect(repaired.stderr).toContain("something else on this node sets it");
    } finally {
      other.kill();
      await other.exited;
    }
    expect(node.fairway("repair").code).toBe(0);
  }));

test("rules of iptables-legacy, which nft does not show, are read as well", () =>
  withNode((node) => {
    node.add(node.pod("a"));
    const clean = findings(node);
    node.run("iptables-legacy", "-P", "FORWARD", "DROP");
    const found = findings(node).filter((each) => !clean.includes(each));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain("chain FORWARD of table ip filter of iptables-legacy");
    for (const side of ["-i", "-o"])
      node.run("iptables-legacy", "-A", "FORWARD", side, "fw0", "-j", "ACCEPT");
    expect(findings(node)).toEqual(clean);
  }));
