import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";

const args = (name: string) => `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}`;
const guarantee = (rate: string) => ({ "fairway.dev/egress-guarantee": rate });
const classOf = (node: TestNode, dev = "uplink", id = "fa01:10"): string =>
  node.run("tc", "class", "show", "dev", dev, "classid", id);

/** A pod of its own beside another that holds 100M. */
function shop(node: TestNode): { pod: Pod; result: Record<string, unknown> } {
  const pod = node.pod("cart");
  const result = node.add(pod, { annotations: guarantee("50M"), args: args("cart") });
  node.add(node.pod("other"), { annotations: guarantee("100M"), args: args("other") });
  return { pod, result };
}

test("set changes the classes in place, records it, and --reset goes back; CHECK agrees all along", () =>
  withNode((node) => {
    const { pod, result } = shop(node);
    const own = dumpNode(node.lab.node);
    const before = classOf(node);
    const done = node.fairway("set", "shop/cart", "egress-guarantee=200M", "ingress-limit=30M");
    expect(done.stderr).toBe("");
    expect(done.stdout).toContain("egress: guarantee 200Mbit/s");
    expect(classOf(node)).toContain("rate 200Mbit");
    expect(classOf(node, "fw0")).toContain("ceil 30Mbit");
    expect(node.check(pod, result).stdout).toBe("");
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    // What is set next joins what was set.
    expect(node.fairway("set", "shop/cart", "egress-limit=250M").code).toBe(0);
    expect(classOf(node)).toContain("rate 200Mbit ceil 250Mbit");
    expect(node.fairway("set", "shop/cart", "--reset").code).toBe(0);
    expect(classOf(node)).toBe(before);
    expect(dumpNode(node.lab.node)).toBe(own);
    node.del(pod);
  }));

test.each([
  ["more than is free", ["egress-guarantee=350M"], 1, "280M is free"],
  ["a key that there is not", ["egress-garantee=1M"], 2, "fairway.dev/egress-garantee"],
  ["a limit below its guarantee", ["egress-limit=10M"], 1, "fairway.dev/egress-guarantee"],
  ["a target that cannot be kept", ["latency-target=1us"], 1, "smallest that it could have"],
  ["no value", ["egress-guarantee"], 2, "KEY=VALUE"],
  ["nothing", [], 2, "--reset"],
  ["a key twice", ["egress-guarantee=1M", "fairway.dev/egress-guarantee=2M"], 2, "is given twice"],
  ["a rate that is none", ["egress-guarantee=fast"], 2, "egress-guarantee"],
  ["a pod's address", ["ip=198.18.0.9"], 2, "recreate it"],
  ["a key to take back that there is not", ["egress-garantee=-"], 2, "unknown annotation"],
  ["a dry run of what is refused", ["egress-guarantee=350M", "--dry-run"], 1, "280M is free"],
  ["both", ["egress-guarantee=1M", "--reset"], 2, "--reset"],
])("a refused change changes nothing: %s", (_, words, code, says) =>
  withNode((node) => {
    const { pod, result } = shop(node);
    const before = dumpNode(node.lab.node) + dumpPod(pod.namespace);
    const status = node.fairway("status", "--no-measure", "--json").stdout;
    const done = node.fairway("set", "shop/cart", ...words);
    expect({ code: done.code, stderr: done.stderr }).toEqual({
      code,
      stderr: expect.stringContaining(says),
    });
    expect(dumpNode(node.lab.node) + dumpPod(pod.namespace)).toBe(before);
    expect(
      JSON.parse(node.fairway("status", "--no-measure", "--json").stdout).pods[0].notes,
    ).toEqual(JSON.parse(status).pods[0].notes);
    expect(node.check(pod, result).stdout).toBe("");
  }),
);

const outcomeOf = (node: TestNode, ...words: string[]) =>
  JSON.parse(node.fairway("set", "shop/cart", ...words, "--json").stdout) as Record<
    string,
    unknown
  >;
const statusOf = (node: TestNode) =>
  JSON.parse(node.fairway("status", "--no-measure", "--json").stdout) as {
    pods: { override: unknown }[];
    capacities: { setBits: number | null; configuredBits: number | null }[];
  };

/** What status tells of the ledger. The kernel's counters go on by themselves, and its settings are dumped. */
const promisesOf = (node: TestNode): unknown =>
  JSON.parse(
    JSON.stringify(statusOf(node), (key, value: unknown) =>
      key === "kernel" || key === "violations" ? null : value,
    ),
  );

test("a dry run tells what would be done, as the change itself then does, and changes nothing", () =>
  withNode((node) => {
    const { pod, result } = shop(node);
    const before = dumpNode(node.lab.node) + dumpPod(pod.namespace);
    const told = promisesOf(node);
    const tried = outcomeOf(node, "egress-guarantee=200M", "--dry-run");
    expect(tried).toMatchObject({ pod: "shop/cart", dryRun: true, changed: true });
    expect(dumpNode(node.lab.node) + dumpPod(pod.namespace)).toBe(before);
    expect(promisesOf(node)).toEqual(told);
    expect(node.check(pod, result).stdout).toBe("");
    const done = outcomeOf(node, "egress-guarantee=200M");
    expect(done).toEqual({ ...tried, dryRun: false });
    expect(node.fairway("set", "shop/cart", "--reset", "--dry-run").stdout).toStartWith(
      "shop/cart (",
    );
    expect(classOf(node)).toContain("rate 200Mbit");
  }));

test("one key is taken back and the others stay; what is set is told by status and doctor", () =>
  withNode((node) => {
    shop(node);
    expect(statusOf(node).pods[0]?.override).toBeNull();
    node.fairway("set", "shop/cart", "egress-guarantee=200M", "ingress-limit=30M");
    const words =
      /shop\/cart: set with `fairway set`: egress-guarantee=200M \(its own annotation: 50M\), ingress-limit=30M \(no annotation of its own\); without it egress: guarantee 50Mbit\/s/;
    expect(node.fairway("status", "--no-measure").stdout).toMatch(words);
    expect(node.fairway("doctor").stdout).toMatch(words);
    expect(statusOf(node).pods[0]?.override).toMatchObject({
      keys: [
        { key: "fairway.dev/egress-guarantee", set: "200M", own: "50M" },
        { key: "fairway.dev/ingress-limit", set: "30M", own: null },
      ],
      own: { egress: { guaranteeBits: 50e6 }, ingress: { limitBits: null } },
    });
    expect(node.fairway("set", "shop/cart", "egress-guarantee=-").code).toBe(0);
    expect(classOf(node)).toContain("rate 50Mbit");
    expect(classOf(node, "fw0")).toContain("ceil 30Mbit");
    const nothing = node.fairway("set", "shop/cart", "egress-guarantee=-");
    expect(nothing).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("was not set with `fairway set`"),
    });
    expect(node.fairway("set", "shop/cart", "ingress-limit=-").code).toBe(0);
    expect(statusOf(node).pods[0]?.override).toBeNull();
    expect(node.fairway("doctor").stdout).not.toContain("overrides");
  }));

test("a tier that changes nothing says why", () =>
  withNode(
    (node) => {
      shop(node);
      const { reasons, changed } = outcomeOf(node, "tier=gold");
      expect(reasons).toEqual([
        "tiers.gold.egressGuarantee (120M) has no effect: the pod's own annotation fairway.dev/egress-guarantee=50M goes before a tier",
      ]);
      expect(changed).toBe(true);
    },
    { tiers: { gold: { egressGuarantee: "120M" } } },
  ));

test("a tier that gives nothing new says so, and where the tiers come from", () =>
  withNode(
    (node) => {
      shop(node);
      const recorded = expect.stringContaining("of the last ADD of network pods: --config FILE");
      expect(outcomeOf(node, "tier=same").reasons).toEqual([
        "the pod has all that tier same gives already",
        recorded,
      ]);
      expect(outcomeOf(node, "tier=same").reasons).toEqual([
        "the pod has all that tier same gives already",
        recorded,
      ]);
      // A conflist that was changed since the last ADD counts where it is given.
      const file = join(node.dataDir, "changed.conf");
      const changed = { ...node.config, tiers: { same: { ingressLimit: "40M" }, more: {} } };
      writeFileSync(file, JSON.stringify(changed));
      expect(node.fairway("set", "shop/cart", "tier=more").stderr).toMatch(
        /there is no tier "more"[\s\S]*--config FILE/,
      );
      expect(outcomeOf(node, "tier=more", "--config", file, "--dry-run").changed).toBe(true);
      expect(outcomeOf(node, "tier=same", "--config", file)).toMatchObject({
        changed: true,
        reasons: [],
        promise: { ingress: { limitBits: 40e6 } },
      });
      expect(classOf(node, "fw0")).toContain("ceil 40Mbit");
    },
    { tiers: { same: {} } },
  ));

test("what is in force beside the promise is told once", () =>
  withNode((node) => {
    shop(node);
    const { stdout } = node.fairway("set", "shop/cart", "latency-target=5ms");
    expect(stdout).toMatch(/^in force, egress: guarantee 50Mbit\/s, .*burst \d+ bytes/m);
    const lines = stdout.trim().split("\n");
    expect(lines.map((line) => line.replace("in force, ", ""))).toEqual([
      ...new Set(lines.map((line) => line.replace("in force, ", ""))),
    ]);
  }));

test.each([[[]], [["--dry-run"]]])(
  "where no ledger is, the folder is named and none is made: %p",
  (words) =>
    withNode((node) => {
      const done = node.fairway("set", "shop/cart", "egress-guarantee=1M", ...words);
      expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining(node.dataDir) });
      expect(readdirSync(node.dataDir)).toEqual([]);
    }),
);

test("an unknown pod is named", () =>
  withNode((node) => {
    shop(node);
    const done = node.fairway("set", "shop/basket", "egress-guarantee=1M");
    expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining("shop/basket") });
  }));

test("a connection lives on while its promise changes again and again", () =>
  withNode(async (node) => {
    const { pod } = shop(node);
    const echo = `require("net").createServer(s => s.pipe(s)).listen(7000)`;
    const client = `
      const s = require("net").connect(7000, "198.18.0.2");
      let answers = 0;
      s.on("data", () => { if (++answers === 60) { console.log("answered", answers); process.exit(0); } });
      setInterval(() => s.write("x"), 20);
      s.on("error", (e) => { console.log("broken", e.message); process.exit(1); });
      s.on("close", () => { console.log("closed"); process.exit(1); });
      setTimeout(() => { console.log("late", answers); process.exit(1); }, 15000);`;
    const start = (namespace: string, script: string) =>
      Bun.spawn(["ip", "netns", "exec", namespace, process.execPath, "-e", script], {
        stdout: "pipe",
        stderr: "inherit",
      });
    const server = start(node.lab.remote, echo);
    try {
      await Bun.sleep(300);
      const talk = start(pod.namespace, client);
      for (let i = 0; i < 10; i++)
        expect(node.fairway("set", "shop/cart", `egress-guarantee=${60 + i}M`).code).toBe(0);
      expect(await new Response(talk.stdout).text()).toBe("answered 60\n");
      expect(await talk.exited).toBe(0);
    } finally {
      server.kill();
      await server.exited;
    }
    expect(
      mustInNamespace(node.lab.node, [
        "tc",
        "class",
        "show",
        "dev",
        "uplink",
        "classid",
        "fa01:10",
      ]),
    ).toContain("69Mbit");
  }));
