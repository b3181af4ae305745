/** An ADD that finds no room frees first what nobody will come for, and only that. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { attachmentNames, vanish } from "../support/gone.ts";
import {
  type Ended,
  type Pod,
  requestOf,
  type TestNode,
  verbEnvironment,
  withNode,
} from "../support/node.ts";

const guarantee = (rate: string) => ({ annotations: { "fairway.dev/egress-guarantee": rate } });
/** Two addresses. */
const small = {
  ipam: { subnet: "198.19.1.0/24", rangeStart: "198.19.1.2", rangeEnd: "198.19.1.3" },
};

interface Row {
  title: string;
  config: Record<string, unknown>;
  held: Parameters<TestNode["add"]>[1];
  asked: Parameters<TestNode["add"]>[1];
  code: number;
}

const rows: Row[] = [
  { title: "the pool is exhausted", config: small, held: {}, asked: {}, code: 101 },
  {
    title: "the guarantees are used up",
    config: {},
    held: guarantee("190M"),
    asked: guarantee("100M"),
    code: 100,
  },
  {
    title: "a requested address is taken",
    config: {},
    held: {},
    asked: { runtimeConfig: { ips: ["198.19.1.2"] } },
    code: 102,
  },
];

test.each(rows)(
  "$title: refused while its holder lives, admitted once that is gone; the log line says who was freed",
  ({ config, held, asked, code }) =>
    withNode((node) => {
      const [a, b, c] = [node.pod("a"), node.pod("b"), node.pod("c")];
      node.add(a, held);
      node.add(b, held);
      expect(node.verb("ADD", c, asked).json).toMatchObject({ code });
      expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/b/eth0"]);
      vanish(node, a);
      const logFile = join(node.dataDir, "log");
      node.add(c, { ...asked, config: { logFile, logLevel: "info" } });
      expect(JSON.parse(readFileSync(logFile, "utf8"))).toMatchObject({
        verb: "ADD",
        outcome: "done",
        freed: ["pods/a/eth0"],
      });
      expect(attachmentNames(node)).toEqual(["pods/b/eth0", "pods/c/eth0"]);
      expect(node.fairway("explain").stdout).toContain("nothing to do");
    }, config),
);

test("what has room frees nothing", () =>
  withNode((node) => {
    const a = node.pod("a");
    node.add(a);
    vanish(node, a);
    node.add(node.pod("b"));
    expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/b/eth0"]);
  }));

test("what fails although something was freed says so", () =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    node.add(a, guarantee("100M"));
    vanish(node, a);
    const refused = node.verb("ADD", b, guarantee("390M"));
    expect(refused.json).toMatchObject({
      code: 100,
      msg: expect.stringContaining("and 380M is free"),
      details: expect.stringContaining("pods/a/eth0"),
    });
    expect(attachmentNames(node)).toEqual([]);
  }));

/** Each a pod that looks gone from one side only. */
const alive: [string, (node: TestNode, pod: Pod) => void][] = [
  [
    "a namespace whose path is gone while something lives in it",
    (node, pod) => {
      // The bind mount goes; a process keeps the namespace, and with it the pair.
      holders.push(Bun.spawn(["ip", "netns", "exec", pod.namespace, "sleep", "60"]));
      Bun.sleepSync(300);
      node.run("ip", "netns", "del", pod.namespace);
    },
  ],
  [
    "a host interface that is gone while the namespace is there",
    (node) => void node.run("ip", "link", "del", "fwv10"),
  ],
];
const holders: Bun.Subprocess[] = [];

test.each(alive)("%s is not freed", (_, harm) =>
  withNode((node) => {
    const [a, b] = [node.pod("a"), node.pod("b")];
    try {
      node.add(a, guarantee("300M"));
      harm(node, a);
      expect(node.verb("ADD", b, guarantee("300M")).json).toMatchObject({ code: 100 });
      expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
    } finally {
      for (const holder of holders.splice(0)) holder.kill();
    }
  }),
);

test("an ADD away from the node's network namespace frees nothing of it", () =>
  withNode((node) => {
    const a = node.pod("a");
    node.add(a, guarantee("300M"));
    vanish(node, a);
    // Another namespace with an interface of the uplink's name, and the same ledger.
    const elsewhere = node.lab.addPod("elsewhere");
    inNamespace(elsewhere, ["ip", "link", "add", "name", "uplink", "type", "bridge"]);
    const b = node.pod("b");
    const done = inNamespace(elsewhere, [binary], {
      stdin: requestOf(node.config, guarantee("300M")),
      env: verbEnvironment("ADD", b, {}),
    });
    expect(JSON.parse(done.stdout)).toMatchObject({ code: 100 });
    expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
  }));

/** A row as a dead ADD leaves it. */
function makeAdding(node: TestNode, containerId: string): void {
  const db = new Database(join(node.dataDir, "ledger.db"));
  db.run("UPDATE attachments SET phase = 'adding' WHERE container_id = ?", [containerId]);
  db.close();
}

test("an ADD that died is freed, with its namespace still there", () =>
  withNode((node) => {
    const a = node.pod("a");
    node.add(a, guarantee("300M"));
    makeAdding(node, "a");
    node.add(node.pod("b"), guarantee("300M"));
    expect(attachmentNames(node)).toEqual(["pods/b/eth0"]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

test(
  "ADDs at once, each of which has to make room, beside ADDs in flight: the sum fits, and no ADD loses what it has",
  () =>
    withNode(async (node) => {
      for (let round = 0; round < 3; round++) {
        const pods = Array.from({ length: 8 }, (_, n) => node.pod(`r${round}p${n}`));
        const done = await Promise.all(pods.map((pod) => node.start("ADD", pod, guarantee("95M"))));
        const added = pods.filter((_, at) => done[at]?.code === 0);
        const refused = done.filter(({ code }: Ended) => code !== 0);
        expect(refused.map(({ json }) => json.code)).toEqual([100, 100, 100, 100]);
        const results = done.filter(({ code }) => code === 0);
        for (const [at, pod] of added.entries())
          expect(node.check(pod, results[at]?.json ?? {}).stdout).toBe("");
        expect(attachmentNames(node)).toEqual(
          added.map((pod) => `pods/${pod.containerId}/eth0`).sort(),
        );
        expect(node.fairway("explain").stdout).toContain("nothing to do");
        for (const pod of added) vanish(node, pod);
      }
    }),
  120_000,
);
