import { describe, expect, test } from "bun:test";
import { desiredBase, desiredNode, desiredPod, formerPod } from "../../src/plan/desired.ts";
import { diff } from "../../src/plan/diff.ts";
import { ingressIfb, portSet } from "../../src/plan/names.ts";
import type { Attachment, IngressPlace } from "../../src/plan/node.ts";
import { bytecode, ingressMark, programBytes } from "../../src/plan/redirect.ts";
import { linesOf } from "../../src/plan/render.ts";
import { ruleset } from "../../src/plan/ruleset.ts";
import type { KernelObject, State } from "../../src/plan/state.ts";
import { inputOf, networkWith, podWith } from "./samples.ts";

const bridged: IngressPlace = { kind: "bridge", name: "cni0", owned: false };
const routed: IngressPlace = { kind: "ifb", name: ingressIfb };

const networkOf = (ingress: IngressPlace) =>
  networkWith({ ingress, antiSpoof: false, subnets: [], gateways: [] });

const podOf = (keys: Partial<Attachment> = {}): Attachment =>
  podWith(0x10, {
    hostVeth: "veth1",
    routes: [],
    chained: { formerGsoMaxBytes: 65_536, txQueueLength: 0 },
    ...keys,
  });

const kindsOf = (state: State): Set<KernelObject["kind"]> =>
  new Set([...state.values()].map(({ object }) => object.kind));

const lines = (want: State, have: State): string[] =>
  diff(want, have)
    .steps.flatMap(linesOf)
    .map(({ tool, text }) => `${tool} ${text}`);

describe("what is made of a chained network", () => {
  test.each([
    ["after a bridge", bridged, ["ruleset", "qdisc", "class"]],
    ["after a plugin that routes", routed, ["ifb", "ruleset", "qdisc", "class"]],
  ] as const)("%s: nothing of what others own", (_, ingress, kinds) => {
    const base = desiredBase(inputOf([networkOf(ingress)]));
    expect(kindsOf(base)).toEqual(new Set<KernelObject["kind"]>(kinds));
    expect(base.get(`qdisc ${ingress.name} root`)?.object).toMatchObject({
      spec: { type: "tbf" },
    });
    const chains = ruleset({ place: ingress, masquerades: true, hostPolice: null }).chains.map(
      ({ name }) => name,
    );
    expect(chains).not.toContain("source-nat");
  });

  test.each([
    ["after a bridge", bridged, ["hostlink", "class", "qdisc", "element"]],
    ["after a plugin that routes", routed, ["hostlink", "element", "qdisc", "redirect", "class"]],
  ] as const)("%s: of a pod, no interface, address or route", (_, ingress, kinds) => {
    const pod = desiredPod(podOf(), networkOf(ingress));
    expect(kindsOf(pod)).toEqual(new Set<KernelObject["kind"]>(kinds));
    expect(pod.has(`element ${portSet} veth1`)).toBe(ingress.kind === "ifb");
  });

  test("a second plan is empty, and nothing is left without the pod", () => {
    const input = inputOf([networkOf(routed)]);
    const node = desiredNode(input, [podOf()]);
    expect(lines(node, node)).toEqual([]);
    const gone = lines(desiredBase(input), node);
    // The filter goes with what it hangs on, before anything that it leads to.
    expect(gone.at(0)).toBe("tc qdisc del dev veth1 clsact");
    expect(gone).toContain(`nft delete element inet fairway podports { "veth1" }`);
    expect(gone.filter((line) => /^ip (link del|address|route)/.test(line))).toEqual([]);
  });
});

describe("the pod's GSO size", () => {
  const sizeOf = (state: State): unknown =>
    [...state.values()].find(({ object }) => object.kind === "hostlink")?.object;

  test("is lowered, and put back", () => {
    const pod = podOf();
    const [made, former] = [desiredPod(pod, networkOf(bridged)), formerPod(pod)];
    expect(sizeOf(made)).toMatchObject({ netns: pod.netns, name: "eth0", gsoMaxBytes: 5_000 });
    expect(lines(former, made).filter((line) => line.includes("gso_max_size"))).toEqual([
      "ip link set dev eth0 gso_max_size 65536",
    ]);
  });

  test("is never raised", () => {
    const pod = podOf({ chained: { formerGsoMaxBytes: 4_000, txQueueLength: 0 } });
    expect(sizeOf(desiredPod(pod, networkOf(bridged)))).toMatchObject({ gsoMaxBytes: 4_000 });
  });

  test("of a pod of our own is no matter of this", () => {
    expect(formerPod(podWith(0x10)).size).toBe(0);
  });
});

describe("the hook on a host interface", () => {
  const hook = (shared: boolean): State => {
    const pod = desiredPod(podOf(), networkOf(routed));
    const entry = pod.get("qdisc veth1 ffff:fff1");
    if (entry?.object.kind !== "qdisc") throw new Error("no hook");
    const object: KernelObject = {
      ...entry.object,
      spec: { type: "clsact", shared, txQueueLength: null },
    };
    return new Map([...pod, ["qdisc veth1 ffff:fff1", { ...entry, object }]]);
  };

  test("goes with the pod, unless somebody else has filters there", () => {
    const base = desiredBase(inputOf([networkOf(routed)]));
    const del = "tc qdisc del dev veth1 clsact";
    expect(lines(base, hook(false))).toContain(del);
    expect(lines(base, hook(true))).not.toContain(del);
    expect(lines(base, hook(true)).join()).toContain("filter del dev veth1");
  });

  test("leaves the device's queue as it was, which the kernel lengthens", () => {
    const made = lines(hook(false), new Map());
    const at = made.indexOf("tc qdisc add dev veth1 clsact");
    const want = desiredPod(podOf(), networkOf(routed));
    expect(at).toBeGreaterThan(0);
    expect(lines(want, new Map()).join("\n")).toContain(
      "tc qdisc add dev veth1 clsact\nip link set dev veth1 txqueuelen 0",
    );
  });

  test("is no matter where it is shared", () => {
    expect(diff(hook(false), hook(true)).steps).toEqual([]);
  });

  test("in which there is somebody else's kind is a conflict", () => {
    const have = hook(false);
    const entry = have.get("qdisc veth1 ffff:fff1");
    if (entry?.object.kind !== "qdisc") throw new Error("no hook");
    const foreign: KernelObject = { ...entry.object, spec: { type: "foreign", name: "ingress" } };
    have.set("qdisc veth1 ffff:fff1", { ...entry, object: foreign });
    expect(diff(hook(false), have).conflicts).toHaveLength(1);
  });
});

describe("the way into the IFB", () => {
  test("rules mark after source NAT what has a pod's class and leaves to a pod", () => {
    const { chains, sets } = ruleset({ place: routed, masquerades: false, hostPolice: null });
    const ports = { name: portSet, kind: "set", spec: "type ifname;" };
    expect(sets).toContainEqual(expect.objectContaining(ports));
    const mark = chains.find(({ name }) => name === "mark-ingress");
    expect(mark).toMatchObject({ hook: "postrouting", priority: 300 });
    expect(mark?.rules.map(({ text }) => text)).toEqual([
      "oifname @podports meta priority fa01:10-fa01:f9ff meta mark set 0xfa01fa01",
    ]);
    const rules = chains[0]?.rules.map(({ text }) => text) ?? [];
    expect(rules.every((text) => /oifname (!= )?@podports /.test(text))).toBe(true);
  });

  test("the program is the same to tc and from the kernel, and asks for that mark", () => {
    const [count, ...instructions] = bytecode().split(",");
    expect(instructions).toHaveLength(Number(count));
    const bytes = programBytes();
    const view = new DataView(bytes.buffer);
    for (const [index, text] of instructions.entries())
      expect(text).toBe(
        [
          view.getUint16(index * 8, true),
          view.getUint8(index * 8 + 2),
          view.getUint8(index * 8 + 3),
          view.getUint32(index * 8 + 4, true),
        ].join(" "),
      );
    expect(bytecode()).toContain(String(ingressMark));
  });
});
