/** The other verbs, and fairway-ipam's. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AddOptions } from "../../support/node.ts";
import type { Scenario } from "../support/scenario.ts";
import type { World } from "../support/world.ts";
import {
  add,
  del,
  delegatedDel,
  formerSubnet,
  ipamFor,
  laterSubnet,
  linkIpam,
  makeKnown,
  promise,
} from "./add.ts";

type Json = Record<string, unknown>;

const again = (words: string, run: (world: World) => void): Scenario["recovery"] => ({
  words,
  run,
  to: "done",
});

interface Deletion {
  title: string;
  config?(root: string): Json;
  keep?: AddOptions;
  options?: AddOptions;
}

function deletion({ title, config, keep, options }: Deletion): Scenario {
  return {
    verb: "DEL",
    title,
    config: config ?? (() => ipamFor(2)),
    prepare: (world) => add(world, "keep", keep ?? promise("30M")),
    setUp: (world) => {
      del(world, "a");
      add(world, "a", options ?? promise("50M"));
    },
    act: (world, fault) => world.verb("DEL", world.pod("a"), {}, fault),
    isAtomic: false,
    recovery: again("one more DEL", (world) => del(world, "a")),
  };
}

const ofKnown: Scenario = {
  ...deletion({
    title: "a pod that the node has talked to",
    config: () => ({ ...ipamFor(2), ipMasq: true }),
  }),
  setUp: (world) => {
    del(world, "a");
    add(world, "a", promise("50M"));
    makeKnown(world, "198.19.1.3");
  },
};

const ofFormerSubnet: Scenario = {
  ...deletion({ title: "the last pod of a subnet that its network has no more" }),
  prepare: () => {},
  setUp: (world) => {
    del(world, "a");
    del(world, "b");
    add(world, "a", formerSubnet);
    add(world, "b", laterSubnet);
  },
  act: (world, fault) => world.verb("DEL", world.pod("a"), laterSubnet, fault),
};

const untouched: Scenario["recovery"] = {
  words: "nothing",
  run: () => {},
  to: "before",
};

const modern = { cniVersion: "1.1.0" };

/** Its result is asked for once. */
function checking(): Scenario {
  let prevResult: unknown;
  return {
    verb: "CHECK",
    title: "a pod as it has to be",
    config: () => ipamFor(2),
    prepare: (world) => {
      add(world, "keep", promise("30M"));
      prevResult = world.must(world.verb("ADD", world.pod("a"), promise("50M"))).json;
    },
    setUp: () => {},
    act: (world, fault) => world.verb("CHECK", world.pod("a"), { config: { prevResult } }, fault),
    isAtomic: true,
    recovery: untouched,
  };
}

const status = (
  title: string,
  { prepare, setUp = () => {} }: Pick<Scenario, "prepare"> & Partial<Pick<Scenario, "setUp">>,
): Scenario => ({
  verb: "STATUS",
  title,
  config: () => ({ ...ipamFor(2), ...modern }),
  ...(prepare && { prepare }),
  setUp,
  act: (world, fault) => world.verb("STATUS", world.pod("a"), {}, fault),
  isAtomic: true,
  recovery: untouched,
});

/** All that is only found out once in a boot is found out anew. */
function emptyLedger(world: World): void {
  world.pod("a");
  rmSync(world.dataDir, { recursive: true, force: true });
  mkdirSync(world.dataDir, { mode: 0o700 });
  writeFileSync(join(world.dataDir, "ledger.db"), "", { mode: 0o600 });
}

const gcOptions: AddOptions = {
  config: { ...modern, "cni.dev/valid-attachments": [{ containerID: "keep", ifname: "eth0" }] },
};

const gc: Scenario = {
  verb: "GC",
  title: "one pod that the runtime does not list",
  config: () => ipamFor(2),
  prepare: (world) => add(world, "keep", promise("30M")),
  setUp: (world) => {
    del(world, "a");
    add(world, "a", promise("50M"));
  },
  act: (world, fault) => world.verb("GC", world.pod("a"), gcOptions, fault),
  isAtomic: false,
  recovery: again(
    "one more GC",
    (world) => void world.must(world.verb("GC", world.pod("a"), gcOptions)),
  ),
};

/** Of a network of its own, whose main plugin is somebody else's. */
const ipamConfig = ({ root }: World, more: Json = {}): Json => ({
  cniVersion: "1.1.0",
  name: "net",
  type: "bridge",
  ipam: {
    type: "fairway-ipam",
    dataDir: join(root, "addresses"),
    subnet: "198.19.7.0/28",
    rangeStart: "198.19.7.2",
    rangeEnd: "198.19.7.3",
  },
  ...more,
});
const ipam = (world: World, verb: string, pod: string, fault = {}, more: Json = {}) =>
  world.plugin(
    join(world.root, "bin/fairway-ipam"),
    verb,
    ipamConfig(world, more),
    world.pod(pod),
    fault,
  );

const ipamAdd: Scenario = {
  verb: "fairway-ipam ADD",
  title: "an address for another plugin's pod",
  prepare: (world) => {
    linkIpam(world);
    world.must(ipam(world, "ADD", "keep"));
  },
  setUp: (world) => void world.must(ipam(world, "DEL", "a")),
  act: (world, fault) => ipam(world, "ADD", "a", fault),
  isAtomic: true,
  recovery: {
    words: "one DEL",
    run: (world) => void world.must(ipam(world, "DEL", "a")),
    to: "before",
  },
};

const ipamDel: Scenario = {
  ...ipamAdd,
  verb: "fairway-ipam DEL",
  setUp: (world) => {
    world.must(ipam(world, "DEL", "a"));
    world.must(ipam(world, "ADD", "a"));
  },
  act: (world, fault) => ipam(world, "DEL", "a", fault),
  recovery: again("one more DEL", (world) => void world.must(ipam(world, "DEL", "a"))),
};

const listed = { "cni.dev/valid-attachments": [{ containerID: "keep", ifname: "eth0" }] };
const ipamGc: Scenario = {
  ...ipamDel,
  verb: "fairway-ipam GC",
  act: (world, fault) => ipam(world, "GC", "a", fault, listed),
  recovery: again("one more GC", (world) => void world.must(ipam(world, "GC", "a", {}, listed))),
};

export const verbScenarios: Scenario[] = [
  deletion({ title: "beside another pod" }),
  ofKnown,
  ofFormerSubnet,
  deletion({
    title: "the others' guarantees grow back",
    config: () => ({ ...ipamFor(2), overcommit: "scale" }),
    keep: promise("300M"),
    options: promise("200M"),
  }),
  delegatedDel,
  checking(),
  gc,
  status("a node with pods", { prepare: (world) => add(world, "a", promise("30M")) }),
  status("a node that has just booted", { setUp: emptyLedger }),
  ipamAdd,
  ipamDel,
  ipamGc,
];
