/** ADD with claims that the driver has recorded: they are found by the pod's uid, and nobody else is asked. */
import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ClaimShare } from "../../src/ledger/claims.ts";
import { openLedger } from "../../src/ledger/ledger.ts";
import { bootId } from "../../src/node/facts/open.ts";
import { claimShare } from "../ledger/fixtures/samples.ts";
import { dumpNode } from "../support/dump.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { remember } from "../support/runtime-cache.ts";

const argsFor = (name: string, uid: string | null): string =>
  `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}${uid === null ? "" : `;K8S_POD_UID=${uid}`}`;
const cart = { args: argsFor("cart", "p1") };

const share = (part: Partial<ClaimShare> = {}): ClaimShare =>
  claimShare({ uplink: "uplink", device: "egress-uplink", ...part });
const ingress = share({
  request: "in",
  device: "ingress-uplink",
  direction: "ingress",
  rateBits: 40e6,
});

/** What the driver does when the kubelet has a claim prepared, and when it has it unprepared. */
function inLedgerOf({ dataDir }: TestNode, act: (ledger: ReturnType<typeof openLedger>) => void) {
  using ledger = openLedger({ dir: dataDir, bootId: bootId() });
  ledger.exclusively(() => act(ledger));
}
const prepare = (node: TestNode, ...shares: ClaimShare[]): void =>
  inLedgerOf(node, (ledger) => ledger.recordClaim(shares[0]?.claimUid ?? "", shares));
const unprepare = (node: TestNode, claimUid: string): void =>
  inLedgerOf(node, (ledger) => void ledger.forgetClaim(claimUid));

const classesOn = (node: TestNode, dev: string): string =>
  node.run("tc", "class", "show", "dev", dev);
const notesOf = (node: TestNode): string[] =>
  (
    JSON.parse(node.fairway("status", "--no-measure", "--json").stdout) as {
      pods: { notes: string[] }[];
    }
  ).pods.flatMap(({ notes }) => notes);

function inForce(node: TestNode, pod: Pod, result: Record<string, unknown>): void {
  expect(classesOn(node, "uplink")).toContain("rate 100Mbit");
  expect(classesOn(node, "fw0")).toContain("rate 40Mbit");
  expect(node.check(pod, result, cart).stdout).toBe("");
  expect(node.fairway("explain").stdout).toContain("nothing to do");
}

test("the classes are those of the claims, as long as the pod lives", () =>
  withNode((node) => {
    prepare(node, share(), ingress);
    const pod = node.pod("cart");
    const result = node.add(pod, cart);
    inForce(node, pod, result);
    expect(notesOf(node)).toEqual([
      "the egress guarantee (100M) is what claim shop/net gives",
      "the ingress guarantee (40M) is what claim shop/net gives",
    ]);
    // A claim that is taken back under a pod takes nothing from it.
    unprepare(node, "c1");
    inForce(node, pod, result);
    expect(node.fairway("set", "shop/cart", "egress-guarantee=30M").code).toBe(0);
    expect(classesOn(node, "uplink")).toContain("rate 30Mbit");
    expect(node.fairway("set", "shop/cart", "--reset").code).toBe(0);
    inForce(node, pod, result);
    node.del(pod);
    expect(classesOn(node, "uplink")).not.toContain("rate 100Mbit");
  }));

test("two claims are their sum, and a pod's second interface gets none of it", () =>
  withNode((node) => {
    prepare(node, share());
    prepare(node, share({ claimUid: "c2", claimName: "more", rateBits: 20e6 }));
    const pod = node.pod("cart");
    node.add(pod, cart);
    expect(classesOn(node, "uplink")).toContain("rate 120Mbit");
    const second = { env: { CNI_IFNAME: "eth1" }, config: { ipam: { subnet: "198.19.1.0/24" } } };
    node.add(pod, { ...cart, ...second });
    expect(classesOn(node, "uplink").match(/rate 120Mbit/g)).toHaveLength(1);
    node.del(pod, second);
    node.del(pod);
  }));

describe("refused, with nothing left behind", () => {
  const guarantee = "fairway.dev/egress-guarantee";
  type Row = [
    title: string,
    ClaimShare[],
    { annotations?: Record<string, string>; args: string },
    code: number,
    says: string[],
  ];
  test.each<Row>([
    [
      "an annotation that contradicts the claim",
      [share()],
      { ...cart, annotations: { [guarantee]: "50M" } },
      7,
      [guarantee, "50M contradicts claim shop/net, which gives the pod 100M"],
    ],
    [
      "a claim for another uplink",
      [share({ uplink: "eth7" })],
      cart,
      100,
      ["claim shop/net", "eth7"],
    ],
    ["more than there is", [share({ rateBits: 500e6 })], cart, 100, ["500M", "380M is free"]],
    [
      "a runtime that does not tell the uid",
      [share()],
      { args: argsFor("cart", null) },
      100,
      ["K8S_POD_UID", "claim shop/net"],
    ],
  ])("%s", (_, shares, asked, code, says) =>
    withNode((node) => {
      prepare(node, ...shares);
      const before = dumpNode(node.lab.node);
      const { json } = node.verb("ADD", node.pod("cart"), asked);
      expect(json.code).toBe(code);
      for (const words of says) expect(json.msg).toContain(words);
      expect(dumpNode(node.lab.node)).toBe(before);
    }),
  );
});

test("a pod without claims is none the worse for another's", () =>
  withNode((node) => {
    prepare(node, share());
    const pod = node.pod("till");
    node.add(pod, { args: argsFor("till", "p2") });
    expect(classesOn(node, "uplink")).not.toContain("rate 100Mbit");
    node.del(pod);
  }));

test("explain finds a pod's claims by its uid, and says what each of them gives", () =>
  withNode((node) => {
    // The first ADD makes the ledger, and tells the network.
    node.add(node.pod("till"), { args: argsFor("till", "p2") });
    prepare(node, share(), ingress);
    const pod = node.pod("cart");
    const asked = ["explain", "--netns", pod.netns, "--pod", "shop/cart"];
    const before = dumpNode(node.lab.node);
    const unknown = node.fairway(...asked);
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toContain("claim shop/net is prepared for a pod that has no interface");
    expect(unknown.stderr).toContain("--pod-uid");
    const { code, stdout } = node.fairway(...asked, "--pod-uid", "p1");
    expect(code).toBe(0);
    for (const line of [
      "# egress: guarantee 100Mbit/s, no limit",
      "# the egress guarantee (100M) is what claim shop/net gives",
      "# claim shop/net: request in was given 40Mbit/s of device ingress-uplink, share 5f1e7a52-0000-4000-8000-00000000000a",
      "# claim shop/net: request out was given 100Mbit/s of device egress-uplink, share 5f1e7a52-0000-4000-8000-00000000000a",
    ])
      expect(stdout).toContain(`${line}\n`);
    expect(dumpNode(node.lab.node)).toBe(before);
  }));

test("doctor names a claim that was taken back under its pod", () =>
  withNode((node) => {
    prepare(node, share());
    node.add(node.pod("cart"), cart);
    const found = (): string[] =>
      (
        JSON.parse(node.fairway("doctor", "--json").stdout) as {
          findings: { id: string; level: string; found: string }[];
        }
      ).findings.flatMap(({ id, level, found }) => (id === "claims" ? `${level}: ${found}` : []));
    expect(found()).toEqual([expect.stringMatching(/^ok: 1 recorded/)]);
    unprepare(node, "c1");
    expect(found()).toEqual([
      expect.stringMatching(/^warn: pods\/cart\/eth0 has its egress .* claim shop\/net, which/),
    ]);
  }));

describe("a rebuild", () => {
  /** A pod with a claim, and a runtime that remembers its ADD. */
  function remembered(node: TestNode): { pod: Pod; cache: string } {
    prepare(node, share());
    const pod = node.pod("cart");
    const result = node.add(pod, cart);
    const cache = join(node.dataDir, "results");
    const args = cart.args.split(";").map((each) => each.split("=") as [string, string]);
    const { containerId, netns } = pod;
    remember(cache, { ...{ config: node.config, containerId, netns }, args, result });
    return { pod, cache };
  }

  test("of a row that was lost finds the pod's claims in the ledger", () =>
    withNode((node) => {
      const { pod, cache } = remembered(node);
      const before = dumpNode(node.lab.node);
      inLedgerOf(node, ({ attachments }) => {
        for (const row of attachments.all()) attachments.remove(row);
      });
      expect(node.fairway("repair", "--rebuild", "--cache-dir", cache)).toMatchObject({ code: 0 });
      expect(node.fairway("repair")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
      expect(notesOf(node)).toEqual(["the egress guarantee (100M) is what claim shop/net gives"]);
      expect(dumpNode(node.lab.node)).toBe(before);
      node.del(pod);
    }));

  test("of a ledger that was lost says what it cannot know, and how the pod keeps it", () =>
    withNode((node) => {
      const { pod, cache } = remembered(node);
      for (const name of ["ledger.db", "ledger.db-wal", "ledger.db-shm"])
        rmSync(join(node.dataDir, name), { force: true });
      const before = dumpNode(node.lab.node);
      const { code, stdout } = node.fairway("repair", "--rebuild", "--cache-dir", cache);
      expect(code).toBe(0);
      const [, command = ""] =
        /`fairway (set shop\/cart egress-guarantee=100M)`/.exec(stdout) ?? [];
      expect(stdout).toContain("at the rebuild its class had 100Mbit/s of egress guaranteed");
      expect(node.fairway(...command.split(" "))).toMatchObject({ code: 0 });
      expect(node.fairway("repair")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
      expect(dumpNode(node.lab.node)).toBe(before);
      node.del(pod);
    }));
});
