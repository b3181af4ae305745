import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { binary } from "../support/binary.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type Pod, requestOf, type TestNode, verbEnvironment, withNode } from "../support/node.ts";

const addressOf = (result: Record<string, unknown>): unknown =>
  (result.ips as { address: string }[])[0]?.address;

/** The rows that an attachment has. Where round robin stands moves on by nature. */
function rows(node: TestNode): unknown {
  const db = new Database(join(node.dataDir, "ledger.db"), { readonly: true });
  const tables = ["attachments", "leases"].map((table) => db.query(`SELECT * FROM ${table}`).all());
  db.close();
  return tables;
}

test("DEL leaves links, qdiscs, classes, elements and rows as they were before the ADD", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    node.add(a);
    const before = { node: dumpNode(node.lab.node), pod: dumpPod(b.namespace), rows: rows(node) };
    node.add(b, { annotations: { "fairway.dev/egress-guarantee": "100M" } });
    expect(dumpNode(node.lab.node)).not.toBe(before.node);
    node.del(b);
    expect(dumpNode(node.lab.node)).toBe(before.node);
    expect(dumpPod(b.namespace)).toBe(before.pod);
    expect(rows(node)).toEqual(before.rows);
  }));

test("an ADD repeated for an attachment is refused and takes no second address", () =>
  withNode((node) => {
    const pod = node.pod("a");
    node.add(pod);
    const before = dumpNode(node.lab.node);
    const again = node.verb("ADD", pod);
    expect(again.code).toBe(1);
    expect(again.json).toMatchObject({ code: 103 });
    expect(again.json.msg).toContain("198.19.1.2");
    expect(dumpNode(node.lab.node)).toBe(before);
    // Another container's interface of that name is refused as well, and takes no address either.
    const other = node.verb("ADD", { ...pod, containerId: "other" });
    expect(other.json).toMatchObject({ code: 103 });
    expect(other.json.msg).toContain("eth0");
    expect(dumpNode(node.lab.node)).toBe(before);
    expect(rows(node)).toMatchObject([[{ container_id: "a" }], [{ address: "198.19.1.2" }]]);
  }));

test.each([
  ["with its namespace", (_: TestNode, pod: Pod): Pod => pod],
  ["with an empty CNI_NETNS", (_: TestNode, pod: Pod): Pod => ({ ...pod, netns: "" })],
  [
    "after the namespace went",
    (node: TestNode, pod: Pod): Pod => {
      node.run("ip", "netns", "del", pod.namespace);
      return pod;
    },
  ],
])("DEL can be repeated, %s", (_, prepare) =>
  withNode((node) => {
    node.add(node.pod("keep"));
    const before = dumpNode(node.lab.node);
    const pod = node.pod("a");
    node.add(pod);
    const asked = prepare(node, pod);
    node.del(asked);
    node.del(asked);
    expect(dumpNode(node.lab.node)).toBe(before);
  }),
);

test("DEL cleans up with a configuration that ADD refuses", () =>
  withNode((node) => {
    node.add(node.pod("keep"));
    const before = dumpNode(node.lab.node);
    const pod = node.pod("a");
    node.add(pod);
    const config = {
      uplink: "nonsense",
      ipam: null,
      tiers: { bad: { egressGuarantee: "10Q" } },
      unknown: 1,
    };
    expect(node.verb("ADD", node.pod("b"), { config }).json).toMatchObject({ code: 7 });
    node.del(pod, { config });
    expect(dumpNode(node.lab.node)).toBe(before);
  }));

test(
  "250 pods one after another, then removed: addresses unique, nothing left",
  () =>
    withNode((node) => {
      const first = node.pod("first");
      node.add(first);
      const before = { node: dumpNode(node.lab.node), rows: rows(node) };
      const pods = Array.from({ length: 250 }, (_, i) => node.pod(`p${i}`));
      const given = pods.map((pod) => addressOf(node.add(pod)));
      expect(new Set(given).size).toBe(250);
      expect(node.fairway("status", "--no-measure").code).toBe(0);
      for (const pod of pods) node.del(pod);
      expect(dumpNode(node.lab.node)).toBe(before.node);
      expect(rows(node)).toEqual(before.rows);
    }),
  240_000,
);

/** Runs a verb beside others. */
async function start(
  node: TestNode,
  verb: string,
  pod: Pod,
): Promise<{ code: number; stdout: string }> {
  const child = Bun.spawn(["ip", "netns", "exec", node.lab.node, binary], {
    stdin: new TextEncoder().encode(requestOf(node.config, {})),
    stdout: "pipe",
    stderr: "inherit",
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C", ...verbEnvironment(verb, pod, {}) },
    timeout: 60_000,
  });
  const stdout = await new Response(child.stdout).text();
  return { code: await child.exited, stdout };
}

test(
  "50 ADDs at once, 10 in parallel, on a bare node: no failure, all unique, one base",
  () =>
    withNode(async (node) => {
      const pods = Array.from({ length: 50 }, (_, i) => node.pod(`p${i}`));
      const waiting = [...pods];
      const ended: { code: number; stdout: string }[] = [];
      const worker = async (): Promise<void> => {
        for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift())
          ended.push(await start(node, "ADD", pod));
      };
      await Promise.all(Array.from({ length: 10 }, worker));
      expect(ended.filter((e) => e.code !== 0)).toEqual([]);
      const given = ended.map((e) => addressOf(JSON.parse(e.stdout)));
      expect(new Set(given).size).toBe(50);
      expect(
        node.run("tc", "class", "show", "dev", "uplink").match(/class htb fa01:[1-9a-f][0-9a-f]+ /g)
          ?.length,
      ).toBe(50);
      expect(
        node.run("tc", "qdisc", "show", "dev", "uplink", "root").trim().split("\n").length,
      ).toBe(1);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
      expect(node.fairway("status", "--no-measure").code).toBe(0);
    }),
  120_000,
);

test("what an earlier boot left is not alive", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    node.add(a);
    node.run("ip", "link", "del", "fwv10");
    const db = new Database(join(node.dataDir, "ledger.db"));
    for (const table of ["attachments", "leases", "facts"])
      db.run(`UPDATE ${table} SET boot_id = 'an earlier boot'`);
    db.close();
    const result = node.add(b, { runtimeConfig: { ips: ["198.19.1.2"] } });
    expect(addressOf(result)).toBe("198.19.1.2/24");
    expect(rows(node)).toMatchObject([[{ container_id: "b" }], [{ address: "198.19.1.2" }]]);
  }));

test("a subnet that is widened while pods live: the next ADD gets its address, the others keep theirs", () =>
  withNode(
    (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      const result = node.add(a);
      const ipam = { subnet: "198.19.0.0/16", routes: [{ dst: "0.0.0.0/0" }] };
      const later = node.add(b, { config: { ipam, ipMasqExcept: ["198.18.0.0/15"] } });
      expect(addressOf(later)).toBe("198.19.1.3/16");
      expect(
        node.check(b, later, { config: { ipam, ipMasqExcept: ["198.18.0.0/15"] } }).stdout,
      ).toBe("");
      expect(node.check(a, result).stdout).toBe("");
      expect(node.run("nft", "list", "set", "inet", "fairway", "masq4")).toContain(
        "{ 198.19.0.0/16 }",
      );
    },
    { ipMasq: true, ipMasqExcept: ["198.18.0.0/16"] },
  ));
