/** After the plugin that makes the pod's interface: what came as prevResult is what goes on. */
import { demand, equal, judge } from "../judge.ts";
import type { Row, StoryRow } from "../row.ts";
import { versions } from "../versions.ts";
import type { Way } from "../ways.ts";
import { type Json, newest, type Pod, World } from "../world.ts";

/** As `ptp` leaves it: a pair, routed. */
function connect(world: World, pod: Pod, host: string): string {
  const { namespace } = pod;
  const [gateway, address] = [`198.18.${world.pods}.1`, `198.18.${world.pods}.2`];
  world.run("ip", "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  world.run("ip", "address", "add", `${gateway}/32`, "dev", host);
  world.run("ip", "link", "set", "dev", host, "up");
  world.run("ip", "route", "add", `${address}/32`, "dev", host);
  world.inPod(pod, "ip", "address", "add", `${address}/24`, "dev", "eth0");
  world.inPod(pod, "ip", "link", "set", "dev", "eth0", "up");
  return address;
}

/** With the pod's interface behind another one, and with what Fairway has no use for. */
const previousOf = (cniVersion: string, pod: Pod, host: string, address: string): Json => ({
  cniVersion,
  interfaces: [
    { name: host, mac: "02:00:00:00:00:01" },
    { name: "lo", sandbox: pod.netns },
    { name: "eth0", mac: "02:00:00:00:00:02", sandbox: pod.netns },
  ],
  ips: [
    {
      ...(cniVersion < "1.0.0" && { version: "4" }),
      interface: 2,
      address: `${address}/24`,
    },
  ],
  routes: [{ dst: "0.0.0.0/0" }, { dst: "198.18.128.0/17", gw: "198.18.200.1" }],
  dns: { nameservers: ["198.18.0.53"], search: ["a.example"] },
});

/** A node of its own: one whose pods hang on Fairway's bridge has no place for a chain. */
async function onChainedNode(way: Way, use: (world: World) => Promise<void>): Promise<void> {
  const world = await World.open(way);
  try {
    await use(world);
  } finally {
    await world.close();
  }
}

async function add(world: World, cniVersion: string, more: Json = {}) {
  const pod = world.pod();
  const host = `chain${world.pods}`;
  const address = connect(world, pod, host);
  const prevResult = { ...previousOf(cniVersion, pod, host, address), ...more };
  const network = world.network({ cniVersion, name: "chain", ipam: undefined, prevResult });
  const reply = await world.verb("ADD", pod, network);
  judge(reply, { code: null }, cniVersion);
  return { result: reply.json, prevResult };
}

const story = (
  id: string,
  sentence: StoryRow["sentence"],
  sent: string,
  expected: string,
  use: (world: World) => Promise<void>,
): StoryRow => ({
  kind: "story",
  id: `chained/${id}`,
  verb: "ADD",
  sentence,
  sent,
  expected,
  run: ({ way }) => onChainedNode(way, use),
});

export const chainedRows: Row[] = [
  story(
    "passed-on",
    "previousHandled",
    "ADD after a plugin that made the interface, with keys in prevResult that nobody knows",
    "prevResult as it came, and the pod has its class",
    async (world) => {
      const { result, prevResult } = await add(world, newest, { "a.example/key": { of: ["it"] } });
      equal(result, prevResult, "the result");
      const [pod] = world.rows("attachments");
      const classid = `fa01:${Number(pod?.class_minor).toString(16)} `;
      demand(
        world.run("tc", "class", "show", "dev", "uplink").includes(classid),
        `the uplink has no class ${classid}`,
      );
    },
  ),
  story(
    "equivalent",
    "previousEquivalent",
    "ADD after a plugin that made the interface, in each version",
    "interfaces, ips, routes and dns of prevResult, in its order, and no other key",
    async (world) => {
      for (const version of versions) {
        const { result, prevResult } = await add(world, version);
        equal(result, prevResult, `the result in ${version}`);
      }
    },
  ),
];
