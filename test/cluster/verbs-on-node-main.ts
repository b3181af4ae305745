/**
 * Runs on a node of a cluster: times ADD, CHECK and DEL of an interface, in turns, by Fairway as it is installed there
 * and by the reference chain. It prints the times of each round as JSON. Its argument is the folder of the reference
 * plugins.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/prove/lab/run.ts";
import { executeHere, type Json, type Verb } from "../bench/plugin.ts";
import { orderOf, settle } from "../bench/rounds.ts";

interface Side {
  name: string;
  /** In the order of an ADD. */
  plugins: { file: string; config: Json }[];
  netns: string;
}

const rounds = 40;
const warmUps = 3;
const verbs: readonly Verb[] = ["ADD", "CHECK", "DEL"];
const bin = "/opt/cni/bin";
const bandwidth = { ingressRate: 4e8, ingressBurst: 8e6, egressRate: 4e8, egressBurst: 8e6 };
const [tools = bin] = process.argv.slice(2);

const installed = JSON.parse(readFileSync("/etc/cni/net.d/10-fairway.conflist", "utf8")) as {
  name: string;
  plugins: Json[];
};
const hostLocal = {
  ...{ type: "host-local", subnet: "198.19.64.0/24", dataDir: "/run/reference" },
  routes: [{ dst: "0.0.0.0/0" }],
};

const sides: Omit<Side, "netns">[] = [
  {
    name: "fairway",
    plugins: installed.plugins.map((plugin) => ({
      file: join(bin, String(plugin.type)),
      config: { ...plugin, name: installed.name, runtimeConfig: { bandwidth } },
    })),
  },
  {
    name: "reference",
    plugins: [
      { file: join(tools, "ptp"), config: { type: "ptp", name: "reference", ipam: hostLocal } },
      {
        file: join(tools, "bandwidth"),
        config: { type: "bandwidth", name: "reference", runtimeConfig: { bandwidth } },
      },
    ],
  },
];

/** Milliseconds of all plugins of the side together, for each verb. */
function round({ plugins, netns }: Side): Record<Verb, number> {
  const took: Record<Verb, number> = { ADD: 0, CHECK: 0, DEL: 0 };
  const pod = { containerId: "measured", netns, ifname: "eth0" };
  let prevResult: Json | undefined;
  for (const verb of verbs) {
    for (const { file, config } of verb === "DEL" ? plugins.toReversed() : plugins) {
      const before = prevResult !== undefined && { prevResult };
      const asked = { cniVersion: "1.0.0", ...config, ...before };
      const { ms, stdout } = executeHere({ file, verb, pod, config: asked }, tools);
      took[verb] += ms;
      if (verb === "ADD") prevResult = JSON.parse(stdout) as Json;
    }
    settle();
  }
  return took;
}

const placed = sides.map((side): Side => {
  const name = `measured-${side.name}`;
  must(["ip", "netns", "add", name]);
  return { ...side, netns: `/run/netns/${name}` };
});
const found = new Map(placed.map(({ name }) => [name, [] as Record<Verb, number>[]]));
for (let at = -warmUps; at < rounds; at++)
  for (const side of orderOf(placed, at + warmUps)) {
    const took = round(side);
    if (at >= 0) found.get(side.name)?.push(took);
  }
console.log(JSON.stringify(Object.fromEntries(found)));
