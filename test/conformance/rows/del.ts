/** DEL: best effort, as often as a runtime likes, whatever is missing. */
import { demand, equal, judge } from "../judge.ts";
import { type Row, type StoryRow, storiesOf } from "../row.ts";
import { Unprepared } from "../unprepared.ts";
import { versions } from "../versions.ts";
import { type Call, type Json, type Network, newest, type Pod, type World } from "../world.ts";

const story = storiesOf("DEL");

interface Made {
  network: Network;
  pod: Pod;
  result: Json;
  hostVeth: string;
}

async function made(world: World, over: Json = {}, call: Partial<Call> = {}): Promise<Made> {
  const network = world.network(over);
  const pod = world.pod();
  const result = await world.must("ADD", pod, network, call);
  const hostVeth = String((result.interfaces as Json[])[1]?.name);
  return { network, pod, result, hostVeth };
}

/** DEL succeeds without a word, and nothing of the attachment is there. */
async function mustGo(world: World, { network, pod, hostVeth }: Made, call: Partial<Call> = {}) {
  judge(await world.verb("DEL", pod, network, call), { code: null, stdout: "nothing" }, newest);
  const rows = world
    .rows("attachments")
    .filter(({ network: name }) => name === network.config.name);
  equal(rows, [], "rows of the network");
  demand(await isGone(world, hostVeth), `${hostVeth} is still there`);
}

/** Or another row's by now: names are given again. */
async function isGone(world: World, hostVeth: string): Promise<boolean> {
  for (const waitMs of [0, 100, 1000]) {
    await Bun.sleep(waitMs);
    if (!world.has("ip", "link", "show", "dev", hostVeth)) return true;
    if (world.rows("attachments").some((row) => row.host_veth === hostVeth)) return true;
  }
  return false;
}

/** The same DEL, in one way. */
const goes = (
  id: string,
  sentence: StoryRow["sentence"],
  sent: string,
  call: Partial<Call> | ((made: Made) => Partial<Call>),
): Row =>
  story(id, sentence, sent, "success, no output; row and interface are gone", async (world) => {
    const all = await made(world);
    await mustGo(world, all, typeof call === "function" ? call(all) : call);
  });

/** After something was done to the pod. */
const goesAfter = (
  id: string,
  sent: string,
  harm: (world: World, made: Made) => void,
  sentence: StoryRow["sentence"] = "delBestEffort",
): Row =>
  story(id, sentence, sent, "success, no output; row and interface are gone", async (world) => {
    const all = await made(world);
    try {
      harm(world, all);
    } catch (error) {
      throw new Unprepared(String(error));
    }
    await mustGo(world, all);
  });

const plain: Row[] = [
  ...versions.map((version) =>
    story(
      `deletes-${version}`,
      "delDeletes",
      `DEL in ${version}`,
      "success, no output; the interface is gone from CNI_NETNS",
      async (world) => {
        const all = await made(world, { cniVersion: version });
        await mustGo(world, all);
        demand(!world.inPod(all.pod, "ip", "-o", "link").includes("eth0"), "eth0 is still there");
      },
    ),
  ),
  goes("previous-absent", "delPrevious", "DEL without prevResult", {}),
  goes("previous-null", "delPrevious", "DEL with prevResult null", {
    config: { prevResult: null },
  }),
  goes("previous-empty", "delPrevious", "DEL with prevResult {}", { config: { prevResult: {} } }),
  goes("previous", "delDeletes", "DEL with the ADD's result as prevResult", ({ result }) => ({
    config: { prevResult: result },
  })),
  goes("previous-garbage", "delUnfit", "DEL with a prevResult of wrong types", {
    config: { prevResult: { interfaces: 5, ips: ["x"], cniVersion: 7 } },
  }),
  goes("previous-other-version", "delUnfit", "DEL with a prevResult of another version", {
    config: { prevResult: { cniVersion: "0.3.0" } },
  }),
  goes("no-netns", "delRequired", "DEL without CNI_NETNS", { env: { CNI_NETNS: null } }),
  goes("netns-empty", "delBestEffort", 'DEL with CNI_NETNS ""', { env: { CNI_NETNS: "" } }),
  goes("netns-wrong", "delBestEffort", "DEL with a CNI_NETNS that leads nowhere", {
    env: { CNI_NETNS: "/run/netns/nothing-here" },
  }),
  goes("no-options", "delRequired", "DEL without CNI_ARGS and CNI_PATH", {
    env: { CNI_ARGS: null, CNI_PATH: null },
  }),
  goes("args-garbage", "delUnfit", "DEL with CNI_ARGS that cannot be read", {
    env: { CNI_ARGS: "A;=b;K8S_POD_NAME=a;K8S_POD_NAME=b" },
  }),
  goes("config-unknown-keys", "delUnfit", "DEL with unknown keys", {
    config: { brige: 5, nonsense: [] },
  }),
  goes("config-wrong-types", "delUnfit", "DEL with wrong types in all that is ours but dataDir", {
    config: {
      bridge: 5,
      uplink: "x",
      tiers: [],
      policy: 7,
      mtu: "x",
      logLevel: 5,
      runtimeConfig: 5,
      args: 5,
      overcommit: 7,
    },
  }),
  goes("config-no-ipam", "delUnfit", "DEL without ipam", { config: { ipam: undefined } }),
  goes("config-ipam-garbage", "delUnfit", "DEL with ipam 5", { config: { ipam: 5 } }),
  goes("config-uplink-gone", "delUnfit", "DEL with an uplink that is not there", {
    config: { uplink: { name: "eth77" } },
  }),
  goes("config-duplicate", "delUnfit", "DEL with a key of ADD's given twice", ({ network }) => ({
    stdin: JSON.stringify(network.config).replace(/\}$/, ',"mtu":1400,"mtu":1500}'),
  })),
];

const missing: Row[] = [
  goesAfter(
    "netns-gone",
    "DEL after the namespace is gone",
    (world, { pod }) => void world.removeNamespace(pod),
  ),
  goesAfter(
    "interface-gone",
    "DEL after the pod's interface was deleted",
    (world, { pod }) => void world.inPod(pod, "ip", "link", "del", "dev", "eth0"),
    "delRepeated",
  ),
  goesAfter("class-gone", "DEL after its classes were deleted", (world, { hostVeth }) => {
    for (const dev of ["uplink", "fw0"]) {
      world.run("tc", "class", "del", "dev", dev, "classid", `fa01:${hostVeth.replace("fwv", "")}`);
    }
  }),
  goesAfter("element-gone", "DEL after its firewall entry was deleted", (world, { result }) => {
    const address = String((result.ips as Json[])[0]?.address).split("/")[0] ?? "";
    world.run("nft", "delete", "element", "inet", "fairway", "class4", `{ ${address} }`);
  }),
];

const repeated: Row[] = [
  story("repeated", "delRepeated", "DEL three times", "success each time", async (world) => {
    const all = await made(world);
    for (const _ of [1, 2, 3]) await mustGo(world, all);
  }),
  story(
    "additional",
    "moreDeletes",
    "StopPodSandbox's DEL, then RemovePodSandbox's: CNI_NETNS empty, no prevResult",
    "success both times",
    async (world) => {
      const all = await made(world);
      await mustGo(world, all, { config: { prevResult: all.result } });
      world.removeNamespace(all.pod);
      await mustGo(world, all, { env: { CNI_NETNS: "" } });
    },
  ),
  story(
    "unknown",
    "delRepeated",
    "DEL of a container that was never added",
    "success, no output",
    async (world) => {
      judge(
        await world.verb("DEL", world.pod(), world.network()),
        { code: null, stdout: "nothing" },
        newest,
      );
    },
  ),
  story(
    "after-failure",
    "delAfterFailure",
    "DEL after an ADD that failed",
    "success; the interface that was in the way stays",
    async (world) => {
      const [network, pod] = [world.network(), world.pod()];
      world.inPod(pod, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "far0");
      const failed = await world.verb("ADD", pod, network);
      if (failed.exit === 0) throw new Unprepared("the ADD succeeded");
      judge(await world.verb("DEL", pod, network), { code: null, stdout: "nothing" }, newest);
      demand(world.inPod(pod, "ip", "-o", "link").includes("eth0"), "eth0 is gone");
    },
  ),
  story(
    "after-refusal",
    "delAfterFailure",
    "DEL after an ADD that was refused for its configuration, with the same",
    "success",
    async (world) => {
      const [network, pod] = [world.network({ mtu: "x" }), world.pod()];
      judge(await world.verb("DEL", pod, network), { code: null, stdout: "nothing" }, newest);
    },
  ),
  story(
    "one-of-two",
    "attachment",
    "DEL of net1 of a container that has eth0 as well",
    "net1 is gone, eth0 stays whole",
    async (world) => {
      const [network, pod] = [world.network({}, { routes: [] }), world.pod()];
      const prevResult = await world.must("ADD", pod, network);
      await world.must("ADD", pod, network, { env: { CNI_IFNAME: "net1" } });
      judge(
        await world.verb("DEL", pod, network, { env: { CNI_IFNAME: "net1" } }),
        { code: null, stdout: "nothing" },
        newest,
      );
      demand(!world.inPod(pod, "ip", "-o", "link").includes("net1"), "net1 is still there");
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult } }),
        { code: null },
        newest,
      );
    },
  ),
  story(
    "other-network",
    "foreignNetworks",
    "DEL of the same container in another network",
    "success; the attachment stays whole",
    async (world) => {
      const { network, pod, result } = await made(world);
      judge(
        await world.verb("DEL", pod, world.network()),
        { code: null, stdout: "nothing" },
        newest,
      );
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult: result } }),
        { code: null },
        newest,
      );
    },
  ),
  story(
    "frees-address",
    "delBestEffort",
    "DEL, then ADD of another pod, in a network of one address",
    "it gets the address",
    async (world) => {
      const network = world.network();
      const config = { ipam: { subnet: `${network.prefix}0/30` } };
      const first = world.pod();
      await world.must("ADD", first, network, { config });
      judge(
        await world.verb("DEL", first, network, { config, env: { CNI_NETNS: "" } }),
        { code: null },
        newest,
      );
      const reply = await world.verb("ADD", world.pod(), network, { config });
      judge(reply, { code: null }, newest);
    },
  ),
  story(
    "restores",
    "delDeletes",
    "ADD and DEL on a node with a pod",
    "kernel and ledger are what they were",
    async (world) => {
      const [network, kept, pod] = [world.network(), world.pod(), world.pod()];
      await world.must("ADD", kept, network);
      await world.must("ADD", pod, network);
      await world.must("DEL", pod, network);
      const before = world.dump(kept, pod);
      await world.must("ADD", pod, network);
      judge(await world.verb("DEL", pod, network), { code: null, stdout: "nothing" }, newest);
      const changed = (dump: string): string => dump.replace(/^.*cursor.*$/gim, "");
      demand(changed(world.dump(kept, pod)) === changed(before), "the node changed");
      await world.must("DEL", kept, network);
    },
    true,
  ),
];

export const delRows: Row[] = [...plain, ...missing, ...repeated];
