/**
 * Runs on a node of a cluster: times ADD, CHECK and DEL of an interface, in turns, by Fairway as it is installed there
 * and by the reference chain. It prints the times of each round as JSON. Its argument is the folder of the reference
 * plugins.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { must } from "../../src/prove/lab/run.ts";
import { orderOf, settle } from "../bench/rounds.ts";

type Json = Record<string, unknown>;
type Verb = "ADD" | "CHECK" | "DEL";

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

/** Returns what it printed, and how long it took. */
function called(file: string, verb: Verb, netns: string, config: Json) {
  const fromMs = performance.now();
  const { exitCode, stdout, stderr } = Bun.spawnSync([file], {
    stdin: new TextEncoder().encode(JSON.stringify({ cniVersion: "1.0.0", ...config })),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
    env: {
      ...minimalEnvironment(),
      ...{ CNI_COMMAND: verb, CNI_CONTAINERID: "measured", CNI_IFNAME: "eth0" },
      ...{ CNI_NETNS: netns, CNI_PATH: tools },
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=measured",
    },
  });
  const ms = performance.now() - fromMs;
  if (exitCode === 0) return { ms, printed: stdout.toString() };
  throw new Error(`${file} ${verb} ended with ${exitCode}: ${stdout}${stderr}`);
}

/** Milliseconds of all plugins of the side together, for each verb. */
function round({ plugins, netns }: Side): Record<Verb, number> {
  const took: Record<Verb, number> = { ADD: 0, CHECK: 0, DEL: 0 };
  let prevResult: Json | undefined;
  for (const verb of verbs) {
    for (const { file, config } of verb === "DEL" ? plugins.toReversed() : plugins) {
      const asked = { ...config, ...(prevResult !== undefined && { prevResult }) };
      const { ms, printed } = called(file, verb, netns, asked);
      took[verb] += ms;
      if (verb === "ADD") prevResult = JSON.parse(printed) as Json;
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
