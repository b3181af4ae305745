/**
 * The agent keeps the node true: each of what is relied on (docs/doctor.md) is broken on a real node, and is
 * put back without that anybody calls `repair`. FAIRWAY_TIMES=1 prints how long that took.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Told } from "../../src/agent/events.ts";
import { ledgerFileName } from "../../src/ledger/folder.ts";
import { delNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode, withoutHandles } from "../support/dump.ts";
import { type Keeper, keeperOf } from "../support/keeper.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { type Reliance, reliances } from "../support/relied-on.ts";
import { annotations, happens, reliedOnConfig, stateOf } from "../support/relied-on-node.ts";
import { until } from "../support/until.ts";

const limitMs = 60_000;
/** A period that no test lives to see. */
const neverMs = 3_600_000;
/** So that a test need not wait for half a minute. */
const oftenMs = 1_000;

const printTimes = (title: string, ms: number): void => {
  if (process.env.FAIRWAY_TIMES === "1") console.log(`${Math.round(ms)} ms\t${title}`);
};

/** What has an undo is the operator's to mend. */
const ours = reliances.filter(({ undo }) => undo === undefined);
const isInPod = ({ pod }: Reliance): boolean => pod !== undefined;

const repairedBy = (keeper: Keeper, from: number): Told[] =>
  keeper.told.slice(from).filter(({ event }) => event === "repaired");

const said = (told: readonly Told[]): string =>
  told.map((each) => ("what" in each ? [each.what].flat().join("\n") : each.event)).join("\n");

type Json = Record<string, unknown>;
type Options = Parameters<typeof keeperOf>[1];

/** Breaks each of them under a keeper, and waits until the node is as before. */
async function mendsEach(
  rows: readonly Reliance[],
  options: Options,
  look: (told: Told[], row: Reliance) => void = () => {},
): Promise<void> {
  await withNode(async (node) => {
    const [pod, other] = [node.pod("a"), node.pod("b")];
    node.add(pod, { annotations });
    node.add(other);
    const state = (): string[] => stateOf(node, [pod, other]);
    const before = state();
    await using keeper = await keeperOf(node, options);
    for (const row of rows) {
      const { title, says } = row;
      const from = keeper.told.length;
      const beganMs = performance.now();
      happens(row, node, pod);
      await until(`${title}: repaired`, () => repairedBy(keeper, from).length > 0, limitMs);
      printTimes(title, performance.now() - beganMs);
      await until(
        `${title}: as before`,
        () => {
          expect(state()).toEqual(before);
          return true;
        },
        limitMs,
      );
      const told = keeper.told.slice(from);
      expect({ title, said: said(told) }).toEqual({ title, said: expect.stringContaining(says) });
      expect({ title, others: told.filter(({ event }) => event !== "repaired") }).toEqual({
        title,
        others: [],
      });
      look(told, row);
      expect({ title, again: node.fairway("repair").stdout }).toEqual({
        title,
        again: "nothing to do\n",
      });
    }
  }, reliedOnConfig);
}

const groups = [...new Set(ours.map(({ group }) => group))];

/** The groups that have such rows. */
const grouped = (rows: readonly Reliance[]): [string, Reliance[]][] =>
  groups
    .map((group): [string, Reliance[]] => [group, rows.filter((row) => row.group === group)])
    .filter(([, found]) => found.length > 0);

test.concurrent.each(grouped(ours.filter((row) => !isInPod(row))))(
  "%s on the node: each is noticed without a period, and mended",
  (_, rows) => mendsEach(rows, { pace: { slowMs: neverMs } }),
  600_000,
);

test.concurrent.each(grouped(ours.filter(isInPod)))(
  "%s in a pod: each is found by a period, and mended",
  (_, rows) => mendsEach(rows, { pace: { slowMs: oftenMs } }),
  600_000,
);

test("with no notifications at all the period finds it", () => {
  const rows = ours.filter((row) => ["bridge", "others"].includes(row.group));
  return mendsEach(rows, { listens: false, pace: { slowMs: oftenMs } });
}, 600_000);

test(
  "with `observe` it is told and left, and that it is right again is told, too",
  () =>
    withNode(async (node) => {
      const [pod, other] = [node.pod("a"), node.pod("b")];
      node.add(pod, { annotations });
      node.add(other);
      const rows = ours.filter(({ title }) =>
        [
          "sysctl `net.ipv4.ip_forward`",
          "bridge: MTU",
          "port: hairpin",
          "pod: ARP",
          "route: the pod's configured ones",
          "nftables: each pod's elements",
        ].includes(title),
      );
      expect(rows).toHaveLength(6);
      await using keeper = await keeperOf(node, { repair: "observe", pace: { slowMs: oftenMs } });
      for (const row of rows) {
        const from = keeper.told.length;
        happens(row, node, pod);
        const broken = stateOf(node, [pod, other]);
        await until(`${row.title}: told`, () => said(keeper.told.slice(from)).includes(row.says));
        // A look or two more, which may tell nothing new and change nothing.
        await Bun.sleep(2 * oftenMs);
        expect(keeper.told.slice(from).map(({ event }) => event)).toEqual(["drift"]);
        expect(stateOf(node, [pod, other])).toEqual(broken);
        expect(node.fairway("repair").code).toBe(0);
        await until(`${row.title}: right again`, () => keeper.told.length > from + 1);
        expect(keeper.told.at(-1)?.event).toBe("right again");
      }
    }, reliedOnConfig),
  120_000,
);

test.concurrent.each(grouped(ours))(
  "%s: with `observe` each is told and left",
  (_, rows) =>
    withNode(async (node) => {
      const [pod, other] = [node.pod("a"), node.pod("b")];
      node.add(pod, { annotations });
      node.add(other);
      await using keeper = await keeperOf(node, { repair: "observe", pace: { slowMs: oftenMs } });
      for (const row of rows) {
        const { title, says } = row;
        const from = keeper.told.length;
        happens(row, node, pod);
        const told = (): string => said(keeper.told.slice(from));
        await until(`${title}: told`, () => told().includes(says), limitMs);
        const left = node.fairway("explain");
        expect({ title, ...left }).toMatchObject({
          title,
          stderr: "",
          stdout: expect.stringContaining(says),
        });
        expect(node.fairway("repair").code).toBe(0);
        await until(
          `${title}: right again`,
          () => keeper.told.at(-1)?.event === "right again",
          limitMs,
        );
      }
      const events = new Set(keeper.told.map(({ event }) => event));
      expect(events).toEqual(new Set(["drift", "right again"]));
    }, reliedOnConfig),
  600_000,
);

test(
  "where the kernel could not tell all of it, everything is looked at, time and again",
  () =>
    withNode(async (node) => {
      const pod = node.pod("a");
      node.add(pod);
      await using keeper = await keeperOf(node, { receiveBytes: 1, pace: { slowMs: neverMs } });
      for (const round of [1, 2, 3]) {
        const from = keeper.told.length;
        // The kernel of the node does not tell of this.
        mustInNamespace(pod.namespace, ["ip", "link", "set", "dev", "eth0", "arp", "off"]);
        node.run("ip", "link", "del", "dev", "fw0");
        await until(`round ${round}`, () => repairedBy(keeper, from).length > 0, limitMs);
        expect(node.fairway("explain").stdout).toContain("nothing to do");
      }
      const causes = keeper.told.flatMap((each) => ("causes" in each ? each.causes : []));
      expect(causes).toContain("lost");
      const others = keeper.told.filter(({ event }) => !["repaired", "fight"].includes(event));
      expect(others).toEqual([]);
    }),
  120_000,
);

test(
  "what something else sets again and again is told once, and repaired ever more rarely",
  () =>
    withNode(async (node) => {
      node.add(node.pod("a"));
      const setting = "net/ipv4/conf/fw0/forwarding";
      const loop = `while sleep 0.01; do echo 0 > /proc/sys/${setting}; done`;
      await using keeper = await keeperOf(node, { pace: { slowMs: neverMs } });
      const other = Bun.spawn(["ip", "netns", "exec", node.lab.node, "sh", "-c", loop]);
      const count = (event: Told["event"]): number =>
        keeper.told.filter((each) => each.event === event).length;
      try {
        await until("a fight is told", () => count("fight") > 0, limitMs);
        const repaired = count("repaired");
        expect(repaired).toBe(3);
        await until("it is repaired once more", () => count("repaired") > repaired, limitMs);
      } finally {
        other.kill();
        await other.exited;
      }
      await until("it stays", () => node.run("sysctl", "-n", setting).trim() === "1", limitMs);
      expect(count("fight")).toBe(1);
      expect(keeper.told.find(({ event }) => event === "fight")).toMatchObject({
        what: ["sysctl net.ipv4.conf.fw0.forwarding: value is 0, should be 1"],
        times: 3,
        holdMs: 2_000,
      });
    }),
  120_000,
);

test(
  "what is not Fairway's to take away is told once, and mended when it has gone",
  () =>
    withNode(async (node) => {
      node.add(node.pod("a"));
      await using keeper = await keeperOf(node, { pace: { slowMs: neverMs } });
      node.run("tc", "qdisc", "replace", "dev", "uplink", "root", "handle", "7:", "htb");
      await until("it is told", () => keeper.told.length > 0);
      expect(keeper.told[0]).toMatchObject({ event: "failed", during: "repair" });
      expect(JSON.stringify(keeper.told[0])).toContain("the root qdisc of uplink is htb 7:");
      node.run("ip", "link", "set", "dev", "fw0", "mtu", "1400");
      node.run("tc", "qdisc", "del", "dev", "uplink", "root");
      await until("it is mended", () => keeper.told.length > 1, limitMs);
      expect(keeper.told.map(({ event }) => event)).toEqual(["failed", "repaired"]);
      expect(node.fairway("repair").stdout).toBe("nothing to do\n");
    }),
  120_000,
);

test(
  "verbs at work are not taken for drift, and none of them fails",
  () =>
    withNode(async (node) => {
      node.add(node.pod("stays"));
      await using keeper = await keeperOf(node, { pace: { slowMs: oftenMs } });
      const worker = async (name: string): Promise<void> => {
        const pod = node.pod(name);
        for (let round = 0; round < 8; round++)
          for (const verb of ["ADD", "DEL"]) {
            const { code, stdout } = await node.start(verb, pod, { annotations });
            expect({ verb, code, stdout: code === 0 ? "" : stdout }).toEqual({
              verb,
              code: 0,
              stdout: "",
            });
          }
      };
      await Promise.all(["a", "b", "c"].map(worker));
      await Bun.sleep(2 * oftenMs);
      expect(keeper.told).toEqual([]);
      expect(node.fairway("repair").stdout).toBe("nothing to do\n");
    }),
  120_000,
);

/** As a verb that is slow. */
function holdLock(node: TestNode): Disposable {
  const db = new Database(join(node.dataDir, ledgerFileName), { readwrite: true, create: false });
  db.run("BEGIN IMMEDIATE");
  return { [Symbol.dispose]: () => db.close() };
}

test("while another has the lock nothing is done and nothing is told, and it is done afterwards", () =>
  withNode(async (node) => {
    node.add(node.pod("a"));
    await using keeper = await keeperOf(node, { pace: { slowMs: neverMs } });
    {
      using _ = holdLock(node);
      node.run("ip", "link", "set", "dev", "fw0", "mtu", "1400");
      await Bun.sleep(2_000);
      expect(keeper.told).toEqual([]);
      expect(node.run("ip", "link", "show", "dev", "fw0")).toContain("mtu 1400");
    }
    await until("it is repaired", () => keeper.told.length > 0);
    expect(keeper.told[0]).toMatchObject({
      event: "repaired",
      causes: expect.arrayContaining(["links"]),
    });
  }));

test("what is gone is swept at the start, with what its pod had", () =>
  withNode(async (node) => {
    const [gone, stays] = [node.pod("gone"), node.pod("stays")];
    node.add(gone);
    const result = node.add(stays);
    delNamespace(gone.namespace);
    await until("its pair is gone", () => !node.run("ip", "link").includes("fwv10"));
    expect(node.fairway("gc", "--dry-run").stdout).toContain("would free: pods/gone/eth0");
    await using keeper = await keeperOf(node, { pace: { slowMs: neverMs } });
    await until("it is told", () => keeper.told.length > 0);
    expect(keeper.told[0]).toMatchObject({ event: "swept", inDoubt: [], failed: [] });
    expect(JSON.stringify(keeper.told[0])).toContain("gone");
    expect(node.fairway("gc", "--dry-run").stdout).toBe("nothing to do\n");
    expect(node.check(stays, result).stdout).toBe("");
  }));

test("with `observe` nothing is swept", () =>
  withNode(async (node) => {
    const gone = node.pod("gone");
    node.add(gone);
    delNamespace(gone.namespace);
    await until("its pair is gone", () => !node.run("ip", "link").includes("fwv10"));
    await using keeper = await keeperOf(node, { repair: "observe" });
    await until("it is told", () => keeper.told.length > 0);
    expect(keeper.told[0]).toMatchObject({ event: "swept", freed: [], failed: [] });
    expect(node.fairway("gc", "--dry-run").stdout).toContain("would free");
  }));

const usualName = "10-fairway.conflist";

/** A folder as a runtime reads it, with the node's network, and what is put into it. */
function confDirOf(node: TestNode, plugin: Json = {}, fileName = usualName): string {
  const { name, cniVersion, ...own } = node.config;
  const confDir = join(node.dataDir, "net.d");
  mkdirSync(confDir, { recursive: true });
  const conflist = { name, cniVersion, plugins: [{ ...own, ...plugin }] };
  writeFileSync(join(confDir, fileName), JSON.stringify(conflist));
  return confDir;
}

test("on a bare node the base is made as the first ADD makes it, and the ADD finds it whole", () =>
  withNode(async (node) => {
    const bare = dumpNode(node.lab.node);
    {
      await using keeper = await keeperOf(node, { confDir: confDirOf(node) });
      await until("it is told", () => keeper.told.length > 0);
      expect(keeper.told).toEqual([{ event: "base made" }]);
    }
    const made = dumpNode(node.lab.node);
    expect(made).not.toEqual(bare);
    const pod = node.pod("a");
    node.add(pod, { config: { logLevel: "debug", logFile: join(node.dataDir, "log") } });
    const log = readFileSync(join(node.dataDir, "log"), "utf8");
    expect(log).toContain('"step"');
    expect(log).not.toContain(" dev fw0 type bridge");
    expect(log).not.toContain("add table");
    node.del(pod);
    expect(withoutHandles(dumpNode(node.lab.node))).toEqual(withoutHandles(made));
  }, reliedOnConfig));

test("verbs are rehearsed where nobody sees it, and nothing is left of it", () =>
  withNode(async (node) => {
    const stageIn = join(node.dataDir, "stages");
    // An agent that was killed has left this one.
    mkdirSync(join(stageIn, "stage-left", "below"), { recursive: true });
    const plugin = { capabilities: { bandwidth: true }, ipMasq: true };
    const confDir = confDirOf(node, plugin);
    await using keeper = await keeperOf(node, { confDir, stageIn, repair: "observe" });
    const bare = dumpNode(node.lab.node);
    await until("it is told", () => keeper.told.length > 0);
    expect(keeper.told).toEqual([{ event: "rehearsed", verbs: 60 }]);
    expect(readdirSync(stageIn)).toEqual([]);
    expect(dumpNode(node.lab.node)).toEqual(bare);
    expect(readdirSync(node.dataDir).toSorted()).toEqual(["net.d", "stages"]);
  }));

test("a base that was taken away while no pod is there is made again", () =>
  withNode(async (node) => {
    const pod = node.pod("a");
    node.add(pod);
    node.del(pod);
    const before = dumpNode(node.lab.node);
    node.run("ip", "link", "del", "dev", "fw0");
    node.run("nft", "delete", "table", "inet", "fairway");
    await using keeper = await keeperOf(node, { confDir: confDirOf(node) });
    await until("it is as before", () => Bun.deepEquals(dumpNode(node.lab.node), before));
    await until("it is told", () => keeper.told.some(({ event }) => event === "base made"));
  }, reliedOnConfig));

test.each<[title: string, plugin: Json, fileName: string]>([
  ["another plugin gives the addresses", { ipam: { type: "host-local" } }, usualName],
  ["another plugin makes the interfaces", { ipam: undefined }, usualName],
  ["it is for another ledger", { dataDir: "/var/lib/fairway-of-another" }, usualName],
  ["it is no runtime's file", {}, "10-fairway.conflist.new"],
  ["an ADD would refuse it", { bridge: "" }, usualName],
  ["it is another plugin's", { type: "bridge" }, usualName],
])("nothing is made in advance where %s", (_, plugin, fileName) =>
  withNode(async (node) => {
    const before = dumpNode(node.lab.node);
    const confDir = confDirOf(node, plugin, fileName);
    await using keeper = await keeperOf(node, { confDir, pace: { slowMs: oftenMs } });
    await Bun.sleep(2 * oftenMs);
    expect(keeper.told).toEqual([]);
    expect(dumpNode(node.lab.node)).toEqual(before);
  }),
);

test("what stands in the way of a base is told, and nothing is half made", () =>
  withNode(async (node) => {
    const { uplink } = node.config as { uplink: { name: string } };
    node.run(
      "tc",
      "qdisc",
      "replace",
      "dev",
      uplink.name,
      "root",
      "tbf",
      "rate",
      "1gbit",
      "burst",
      "64k",
      "latency",
      "10ms",
    );
    const before = dumpNode(node.lab.node);
    await using keeper = await keeperOf(node, { confDir: confDirOf(node) });
    await until("it is told", () => keeper.told.length > 0);
    expect(keeper.told[0]).toMatchObject({ event: "failed", during: "prepare" });
    expect(JSON.stringify(keeper.told[0])).toContain("which is not Fairway's");
    expect(dumpNode(node.lab.node)).toEqual(before);
    node.run("tc", "qdisc", "del", "dev", uplink.name, "root");
  }));

test("with `observe` no base is made in advance", () =>
  withNode(async (node) => {
    const before = dumpNode(node.lab.node);
    const options = { confDir: confDirOf(node), repair: "observe" } as const;
    await using keeper = await keeperOf(node, { ...options, pace: { slowMs: oftenMs } });
    await Bun.sleep(2 * oftenMs);
    expect(keeper.told).toEqual([]);
    expect(dumpNode(node.lab.node)).toEqual(before);
  }));

test("a node of which nothing is known is left as it is, and nothing is made", () =>
  withNode(async (node) => {
    const before = dumpNode(node.lab.node);
    await using keeper = await keeperOf(node, { pace: { slowMs: oftenMs } });
    await Bun.sleep(2 * oftenMs);
    expect(keeper.told).toEqual([]);
    expect(dumpNode(node.lab.node)).toEqual(before);
    const pod = node.pod("a");
    const result = node.add(pod);
    node.run("ip", "link", "del", "dev", "fw0");
    await until("it is repaired", () => keeper.told.length > 0, limitMs);
    expect(keeper.told[0]?.event).toBe("repaired");
    expect(node.check(pod, result).stdout).toBe("");
  }));

test("in another network namespace than the node's nothing is touched", () =>
  withNode(async (node) => {
    node.add(node.pod("a"));
    node.run("ip", "link", "set", "dev", "fw0", "mtu", "1400");
    await using keeper = await keeperOf(node, { pace: { slowMs: oftenMs } }, node.lab.remote);
    await until("it is told", () => keeper.told.length > 0);
    expect(keeper.told[0]).toMatchObject({ event: "left alone" });
    expect(node.run("ip", "link", "show", "dev", "fw0")).toContain("mtu 1400");
  }));

test("a ledger that does not know a pod is not followed, and no pod loses its network", () =>
  withNode(async (node) => {
    const [known, lost] = [node.pod("known"), node.pod("lost")];
    node.add(known);
    node.add(lost);
    const ends = node.run("ip", "-o", "link", "show", "type", "veth");
    const db = new Database(join(node.dataDir, ledgerFileName));
    db.run("PRAGMA foreign_keys = ON; DELETE FROM attachments WHERE container_id = 'lost'");
    db.close();
    await using keeper = await keeperOf(node, { pace: { slowMs: oftenMs } });
    await until("it is told", () => keeper.told.length > 0);
    expect(keeper.told[0]).toMatchObject({ event: "failed", during: "repair" });
    expect(JSON.stringify(keeper.told[0])).toContain("does not know all pods");
    expect(node.run("ip", "-o", "link", "show", "type", "veth")).toBe(ends);
  }));
