/** ADD with claims that the driver has recorded: they are found by the pod's uid, and nobody else is asked. */
import { describe, expect, test } from "bun:test";
import type { ClaimShare } from "../../src/ledger/claims.ts";
import { openLedger } from "../../src/ledger/ledger.ts";
import { bootId } from "../../src/node/facts/open.ts";
import { claimShare } from "../ledger/fixtures/samples.ts";
import { dumpNode } from "../support/dump.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";

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
