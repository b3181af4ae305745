/** ADD, as often as it does something else. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace, mustInNamespace } from "../../../src/prove/lab/namespaces.ts";
import type { AddOptions } from "../../support/node.ts";
import type { Scenario } from "../support/scenario.ts";
import { faultyBinary, ledgerRows, type World } from "../support/world.ts";

type Json = Record<string, unknown>;

/** As many addresses as pods: one that leaks is missed at once. */
export const ipamFor = (pods: number, more: Json = {}): Json => ({
  ipam: {
    subnet: "198.19.1.0/24",
    rangeStart: "198.19.1.2",
    rangeEnd: `198.19.1.${1 + pods}`,
    routes: [{ dst: "0.0.0.0/0" }],
    ...more,
  },
});

export const promise = (egress: string, more: Record<string, string> = {}): AddOptions => ({
  annotations: {
    "fairway.dev/egress-guarantee": egress,
    "fairway.dev/ingress-guarantee": "20M",
    ...more,
  },
});

export const add = (world: World, pod: string, options: AddOptions): void =>
  void world.must(world.verb("ADD", world.pod(pod), options));

export const del = (world: World, pod: string, options: AddOptions = {}): void =>
  void world.must(world.verb("DEL", world.pod(pod), options));

export const places = ({ root, dataDir }: World): string[] => [
  ...["--bin-dir", join(root, "bin"), "--conf-dir", join(root, "conf")],
  ...["--data-dir", dataDir],
];

const deletion = (options: AddOptions = {}): Scenario["recovery"] => ({
  words: "one DEL",
  run: (world) => del(world, "a", options),
  to: "before",
});

/** A neighbour entry, and flows: whatever may be known of an address goes with the same effects. */
export function makeKnown(world: World, address: string): void {
  const node = world.node.lab.node;
  mustInNamespace(node, ["ip", "neigh", "replace", address, "dev", "fw0", ...anyMac]);
  inNamespace(node, ["ping", "-c", "1", "-W", "0.2", address]);
}
const anyMac = ["lladdr", "02:cc:00:00:00:03", "nud", "reachable"];

interface Beside {
  title: string;
  config?(root: string): Json;
  keep?: AddOptions;
  options: AddOptions;
}

/** Beside another pod, whose part must not change. */
function beside({ title, config, keep, options }: Beside): Scenario {
  return {
    verb: "ADD",
    title,
    config: config ?? (() => ipamFor(2)),
    prepare: (world) => add(world, "keep", keep ?? promise("30M")),
    setUp: (world) => {
      del(world, "a");
      // Namespaces are made once.
      world.pod("a");
    },
    act: (world, fault) => world.verb("ADD", world.pod("a"), options, fault),
    isAtomic: true,
    recovery: deletion(),
  };
}

/** The pod's own part is gone; of the base, which is everybody's, some may be there. */
function requirePodGone(world: World): void {
  const rows = ledgerRows(world.dataDir);
  const links = inNamespace(world.node.lab.node, ["ip", "-o", "link", "show"]).stdout;
  const inPod = inNamespace(world.pod("a").namespace, ["ip", "-o", "link", "show"]).stdout;
  if (rows === "" && !links.includes("fwv") && !inPod.includes("eth0")) return;
  throw new Error(`DEL left something: ${rows}${links}${inPod}`);
}

function bare(world: World): void {
  world.must(world.verb("DEL", world.pod("a")));
  requirePodGone(world);
  world.must(world.fairway(["uninstall", ...places(world)]));
}

const first: Scenario = {
  verb: "ADD",
  title: "the first pod, on a bare node",
  config: () => ipamFor(1),
  setUp: bare,
  act: (world, fault) => world.verb("ADD", world.pod("a"), promise("50M"), fault),
  isAtomic: false,
  recovery: { words: "one DEL; the base goes with `uninstall`", run: bare, to: "before" },
};

/** An IPAM plugin that is another one by its name; which of its effects fails is not asked here. */
const otherPlugin = "other-ipam";
const delegated = (root: string): Json => ({
  ipam: { type: otherPlugin, dataDir: join(root, "addresses"), ...(ipamFor(2).ipam as Json) },
});
const delegatedOptions = (world: World): AddOptions => ({
  ...promise("50M"),
  env: { CNI_PATH: join(world.root, "bin") },
});

function makeOtherPlugin(world: World): void {
  const script = `#!/bin/sh\nexec ${linkIpam(world)}\n`;
  const file = join(world.root, "bin", otherPlugin);
  writeFileSync(file, script);
  chmodSync(file, 0o755);
}

/** The executable under its other name, where the verbs look for plugins. */
export function linkIpam(world: World): string {
  const bin = join(world.root, "bin");
  mkdirSync(bin, { recursive: true });
  const link = join(bin, "fairway-ipam");
  symlinkSync(faultyBinary, link);
  return link;
}

const delegatedAdd: Scenario = {
  verb: "ADD",
  title: "an address from another IPAM plugin",
  config: delegated,
  prepare: (world) => {
    makeOtherPlugin(world);
    add(world, "keep", delegatedOptions(world));
  },
  setUp: (world) => del(world, "a", delegatedOptions(world)),
  act: (world, fault) => world.verb("ADD", world.pod("a"), delegatedOptions(world), fault),
  isAtomic: true,
  recovery: {
    words: "one DEL",
    run: (world) => del(world, "a", delegatedOptions(world)),
    to: "before",
  },
};

export const delegatedDel: Scenario = {
  ...delegatedAdd,
  verb: "DEL",
  setUp: (world) => {
    del(world, "a", delegatedOptions(world));
    add(world, "a", delegatedOptions(world));
  },
  act: (world, fault) => world.verb("DEL", world.pod("a"), delegatedOptions(world), fault),
  isAtomic: false,
  recovery: { ...delegatedAdd.recovery, to: "done" },
};

/** The node knows the address that the pod is about to get, as a pod's that nobody took away. */
const knownAdd: Scenario = {
  ...beside({ title: "an address that the node knows by another MAC", options: promise("50M") }),
  config: () => ({ ...ipamFor(2), ipMasq: true }),
  setUp: (world) => {
    del(world, "a");
    world.pod("a");
    makeKnown(world, "198.19.1.3");
  },
};

const withSubnet = (subnet: string): AddOptions => ({
  ...promise("50M"),
  config: { ipam: { subnet, routes: [{ dst: "0.0.0.0/0" }] }, ipMasq: true },
});
export const [formerSubnet, laterSubnet] = [
  withSubnet("198.19.4.0/30"),
  withSubnet("198.19.5.0/30"),
];

const changedAdd: Scenario = {
  verb: "ADD",
  title: "a pod of another subnet than those that went had",
  config: () => ipamFor(1),
  setUp: (world) => {
    del(world, "b");
    del(world, "a");
    add(world, "a", formerSubnet);
    del(world, "a");
  },
  act: (world, fault) => world.verb("ADD", world.pod("b"), laterSubnet, fault),
  isAtomic: false,
  recovery: {
    words: "one DEL, and one more ADD",
    run: (world) => {
      del(world, "b");
      add(world, "b", laterSubnet);
    },
    to: "done",
  },
};

export const addScenarios: Scenario[] = [
  first,
  beside({ title: "another pod", options: promise("50M") }),
  knownAdd,
  changedAdd,
  beside({
    title: "a pod with a latency target",
    options: promise("50M", { "fairway.dev/latency-target": "10ms" }),
  }),
  beside({
    title: "both families, with a log",
    config: (root) => ({
      ...ipamFor(2, {
        subnet: undefined,
        rangeStart: undefined,
        rangeEnd: undefined,
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
        ranges: [
          [{ subnet: "198.19.1.0/24", rangeStart: "198.19.1.2", rangeEnd: "198.19.1.3" }],
          [
            {
              subnet: "fd00:c613:1::/64",
              rangeStart: "fd00:c613:1::2",
              rangeEnd: "fd00:c613:1::3",
            },
          ],
        ],
      }),
      logLevel: "info",
      logFile: join(root, "log"),
    }),
    options: promise("50M"),
  }),
  beside({
    title: "a pod that makes the others' guarantees shrink",
    config: () => ({ ...ipamFor(2), overcommit: "scale" }),
    keep: promise("300M"),
    options: promise("200M"),
  }),
  delegatedAdd,
];
