/** Pods of two nodes that send to each other. */
import { expect } from "bun:test";
import { withTraffic } from "../support/traffic.ts";
import { egress, pod } from "./manifests.ts";
import { readyAddress, withNamespaces } from "./pods.ts";
import { clusterTest, type SharedCluster, shown } from "./setup.ts";
import { countOnWire } from "./wire.ts";

clusterTest(
  "a pod reaches one of the other node, and the host behind the wire",
  async (cluster) => {
    await cluster.apply([pod("a", { node: "node1" }), pod("b", { node: "node2" })]);
    const [a, b] = [await readyAddress(cluster, "a"), await readyAddress(cluster, "b")];
    for (const [from, to] of [
      ["a", b],
      ["b", a],
      ["a", "198.18.0.200"],
    ] as const)
      expect(await shown(cluster, "exec", from, "--", "ping", "-c", "2", "-W", "5", to)).toContain(
        "0% packet loss",
      );
  },
);

const guaranteeMbit = 20;
/** So little that the processors, which all machines share, are never what holds the pods back. */
const uplink = "100M";
const [warmMs, lookMs, looks] = [2_000, 3_000, 3];
const forMs = warmMs + lookMs * looks + 20_000;
const keptFlows = 4;
const floodFlows = 8;

async function withUplinks(cluster: SharedCluster, use: () => Promise<void>): Promise<void> {
  const set = async (...options: string[]): Promise<void> => {
    for (const node of cluster.nodes)
      await node.must("/opt/cni/bin/fairway", "set-capacity", ...options);
  };
  await set("--egress", uplink, "--ingress", uplink);
  try {
    await use();
  } finally {
    await set("--reset");
  }
}

const names = ["kept1", "kept2", "flood1", "flood2"] as const;
type Name = (typeof names)[number];

/** Each sends to its partner on the other node, in both directions at once. */
const pairs: readonly [from: Name, to: Name, flows: number][] = [
  ["flood1", "flood2", floodFlows],
  ["flood2", "flood1", floodFlows],
  ["kept1", "kept2", keptFlows],
  ["kept2", "kept1", keptFlows],
];

/** Of each sender, in each look, what passed the wire to its partner, in Mbit/s. */
async function measured(cluster: SharedCluster): Promise<Record<Name, number[]>> {
  const addresses = new Map<Name, string>();
  for (const name of names) addresses.set(name, await readyAddress(cluster, name));
  const addressOf = (name: Name): string => addresses.get(name) ?? "";
  const counted = countOnWire(
    cluster.wire,
    Object.fromEntries(pairs.map(([from, to]) => [from, [addressOf(from), addressOf(to)]])),
  );
  const rates: Record<Name, number[]> = { kept1: [], kept2: [], flood1: [], flood2: [] };
  await withNamespaces(cluster, names, (namespaces) =>
    withTraffic(async (start) => {
      const inside = (name: Name): string => namespaces[names.indexOf(name)] ?? "";
      for (const [from, to, flows] of pairs) {
        const port = 7000;
        await start(inside(to), { role: "tcp-sink", port, forMs, everyMs: 1000 });
        await start(inside(from), { role: "tcp-source", host: addressOf(to), port, flows, forMs });
      }
      await Bun.sleep(warmMs);
      let [before, beforeMs] = [counted(), performance.now()];
      for (let look = 0; look < looks; look += 1) {
        await Bun.sleep(lookMs);
        const [after, afterMs] = [counted(), performance.now()];
        for (const name of names) {
          const bits = ((after[name] ?? 0) - (before[name] ?? 0)) * 8;
          rates[name].push(bits / 1000 / (afterMs - beforeMs));
        }
        [before, beforeMs] = [after, afterMs];
      }
    }),
  );
  return rates;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function keptUnderFloods(cluster: SharedCluster): Promise<void> {
  const annotations = {
    ...egress(`${guaranteeMbit}M`),
    "fairway.dev/ingress-guarantee": `${guaranteeMbit}M`,
  };
  await cluster.apply([
    pod("kept1", { node: "node1", annotations }),
    pod("kept2", { node: "node2", annotations }),
    pod("flood1", { node: "node1" }),
    pod("flood2", { node: "node2" }),
  ]);
  const rates = await measured(cluster);
  for (const name of names) {
    const each = rates[name].map((mbit) => mbit.toFixed(1)).join(", ");
    console.log(`${name}: ${each} Mbit/s on the wire to the other node`);
  }
  console.log((await cluster.node(1).fairway("status", "--no-measure")).stdout);
  for (const flood of ["flood1", "flood2"] as const)
    expect(median(rates[flood])).toBeGreaterThan(guaranteeMbit);
  for (const kept of ["kept1", "kept2"] as const)
    expect(median(rates[kept])).toBeGreaterThan(0.98 * guaranteeMbit);
}

clusterTest("a guarantee between two nodes is kept under floods from both", (cluster) =>
  withUplinks(cluster, () => keptUnderFloods(cluster)),
);
