/** After another plugin, whose interface is there already: on a bridge, and routed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustInNamespace } from "../../../src/prove/lab/namespaces.ts";
import type { AddOptions } from "../../support/node.ts";
import { remember } from "../../support/runtime-cache.ts";
import type { Scenario } from "../support/scenario.ts";
import type { World } from "../support/world.ts";
import { add, del, promise } from "./add.ts";

type Json = Record<string, unknown>;

const bridge = "other0";
const addressOf: Record<string, string> = { keep: "198.19.7.2", a: "198.19.7.3" };

/** What a plugin like bridge, or ptp, makes for a pod. */
function makeInterface(world: World, name: string, isBridged: boolean): void {
  const { run } = world.node;
  const { namespace } = world.pod(name);
  run(
    "ip",
    "link",
    "add",
    "name",
    `out-${name}`,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    namespace,
  );
  if (isBridged) run("ip", "link", "set", "dev", `out-${name}`, "master", bridge);
  run("ip", "link", "set", "dev", `out-${name}`, "up");
  mustInNamespace(namespace, ["ip", "address", "add", `${addressOf[name]}/24`, "dev", "eth0"]);
  mustInNamespace(namespace, ["ip", "link", "set", "dev", "eth0", "up"]);
  if (!isBridged) run("ip", "route", "add", `${addressOf[name]}/32`, "dev", `out-${name}`);
}

function optionsOf(world: World, name: string, isBridged: boolean): AddOptions {
  const { netns } = world.pod(name);
  const interfaces = [
    ...(isBridged ? [{ name: bridge }] : []),
    { name: `out-${name}` },
    { name: "eth0", sandbox: netns },
  ];
  const ips = [
    { address: `${addressOf[name]}/24`, gateway: "198.19.7.1", interface: interfaces.length - 1 },
  ];
  const prevResult: Json = { cniVersion: "1.0.0", interfaces, ips, routes: [], dns: {} };
  return { ...promise(name === "keep" ? "30M" : "50M"), config: { prevResult } };
}

function prepare(world: World, isBridged: boolean): void {
  if (isBridged) {
    world.node.run("ip", "link", "add", "name", bridge, "type", "bridge");
    world.node.run("ip", "address", "add", "198.19.7.1/24", "dev", bridge);
    world.node.run("ip", "link", "set", "dev", bridge, "up");
  }
  for (const name of ["keep", "a"]) makeInterface(world, name, isBridged);
  add(world, "keep", optionsOf(world, "keep", isBridged));
}

const chained = (title: string, isBridged: boolean): Scenario[] => {
  const common = {
    title,
    config: () => ({ ipam: undefined }),
    prepare: (world: World) => prepare(world, isBridged),
  };
  const recovery = (to: "before" | "done", words: string): Scenario["recovery"] => ({
    words,
    run: (world) => del(world, "a"),
    to,
  });
  return [
    {
      ...common,
      verb: "ADD",
      setUp: (world) => del(world, "a"),
      act: (world, fault) =>
        world.verb("ADD", world.pod("a"), optionsOf(world, "a", isBridged), fault),
      isAtomic: true,
      recovery: recovery("before", "one DEL"),
    },
    {
      ...common,
      verb: "DEL",
      setUp: (world) => {
        del(world, "a");
        add(world, "a", optionsOf(world, "a", isBridged));
      },
      act: (world, fault) => world.verb("DEL", world.pod("a"), {}, fault),
      isAtomic: false,
      recovery: recovery("done", "one more DEL"),
    },
  ];
};

const asPlugin = ({ config, root }: World): string => {
  const file = join(root, "plugin.json");
  writeFileSync(file, JSON.stringify(config));
  return file;
};

const adopted = (world: World): string[] => [
  ...["adopt", "--data-dir", world.dataDir, "--cache-dir", join(world.root, "results")],
  ...["--config", asPlugin(world)],
];

/** Of an ADD that died a row stays, which keeps the pod from being adopted. */
const adopt: Scenario = {
  verb: "adopt",
  title: "a pod that was there before, beside one that is known",
  config: () => ({
    ipam: undefined,
    capabilities: { "io.kubernetes.cri.pod-annotations": true },
  }),
  prepare: (world) => {
    prepare(world, true);
    const { annotations = {}, config = {} } = optionsOf(world, "a", true);
    const { containerId, netns } = world.pod("a");
    const result = config.prevResult as Json;
    remember(join(world.root, "results"), {
      ...{ config: { ...world.config, type: "bridge" }, containerId, netns, annotations, result },
    });
  },
  setUp: (world) => del(world, "a"),
  act: (world, fault) => world.fairway(adopted(world), fault),
  isAtomic: true,
  recovery: {
    words: "`gc`, then `adopt` again",
    run: (world) => {
      world.must(world.fairway(["gc", "--data-dir", world.dataDir]));
      world.must(world.fairway(adopted(world)));
    },
    to: "done",
  },
};

export const chainedScenarios: Scenario[] = [
  ...chained("chained after a plugin with a bridge", true),
  ...chained("chained after a plugin that routes", false),
  adopt,
];
