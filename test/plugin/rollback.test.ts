/** Every line of every batch made to fail in turn: the ADD fails with the kernel's words and leaves nothing. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { spoilers } from "../support/spoilers.ts";

function rowCount(node: TestNode): number {
  const db = new Database(join(node.dataDir, "ledger.db"), { readonly: true });
  const row = db
    .query<{ n: number }, []>(
      "SELECT (SELECT count(*) FROM attachments) + (SELECT count(*) FROM leases) AS n",
    )
    .get();
  db.close();
  return row?.n ?? Number.NaN;
}

/** As after a boot, but with the kernel's queues known already: looking for those is a test of its own. */
function makeBare(node: TestNode): void {
  const pod = node.pod("first");
  node.add(pod);
  node.del(pod);
  node.run("tc", "qdisc", "del", "dev", "uplink", "root");
  node.run("ip", "link", "del", "dev", "fw0");
  node.run("nft", "delete", "table", "inet", "fairway");
}

test("each line of the look at the kernel's queues fails in turn: nothing of it is left, nothing is believed", () =>
  withNode((node) => {
    const tools = spoilers(node);
    const options = { env: { PATH: tools.path, FAIRWAY_BACKEND: "exec" } };
    const pod = node.pod("a");
    const before = dumpNode(node.lab.node);
    // The device made, set up, and the queue asked for.
    for (const k of [1, 2, 3]) {
      tools.failAt(k);
      const added = node.verb("ADD", pod, options);
      expect(added.json.msg).toMatch(/could not create .*fwprobe/);
      expect(dumpNode(node.lab.node)).toBe(before);
      expect(rowCount(node)).toBe(0);
    }
    // The device's removal is tried again.
    tools.failAt(4);
    node.add(pod, options);
    expect(tools.seen()).toBeGreaterThan(4);
    expect(node.run("ip", "link", "show")).not.toContain("fwprobe");
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test.each([
  ["on a bare node, where the base is made first", false, 25],
  ["beside another pod", true, 10],
])(
  "each step of an ADD fails in turn, %s",
  (_, beside, atLeast) =>
    withNode((node) => {
      const tools = spoilers(node);
      const pod = node.pod("a");
      const options = {
        env: { PATH: tools.path, FAIRWAY_BACKEND: "exec" },
        annotations: { "fairway.dev/egress-guarantee": "50M" },
      };
      if (beside) {
        node.add(node.pod("keep"));
      } else {
        makeBare(node);
      }
      const before = { node: dumpNode(node.lab.node), pod: dumpPod(pod.namespace) };
      const rowsBefore = rowCount(node);
      let failures = 0;
      for (let k = 1; ; k++) {
        tools.failAt(k);
        const added = node.verb("ADD", pod, options);
        if (added.code === 0) {
          // Past the last line there was nothing to spoil.
          expect(tools.seen()).toBeLessThan(k);
          break;
        }
        failures++;
        expect(added.json.msg).toMatch(/could not (create|change)/);
        expect(added.json.msg).toMatch(/spoilt|syntax error|unknown/i);
        expect(dumpPod(pod.namespace)).toBe(before.pod);
        expect(rowCount(node)).toBe(rowsBefore);
        const after = dumpNode(node.lab.node);
        // The base is everybody's: once it is whole it stays.
        if (after !== before.node) {
          expect(beside).toBe(false);
          expect(node.fairway("explain").stdout).toContain("nothing to do");
          before.node = after;
        }
      }
      expect(failures).toBeGreaterThanOrEqual(atLeast);
      node.del(pod);
      expect(dumpPod(pod.namespace)).toBe(before.pod);
    }),
  120_000,
);
