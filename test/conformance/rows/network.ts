/** GC, STATUS and VERSION: the verbs about no pod in particular. */
import { equal, judge } from "../judge.ts";
import { type Row, type StillRow, type StoryRow, storiesOf } from "../row.ts";
import { versions } from "../versions.ts";
import { type Json, type Network, newest, type Pod, validKey, type World } from "../world.ts";

const story = (verb: "GC" | "STATUS", ...row: Parameters<ReturnType<typeof storiesOf>>): StoryRow =>
  storiesOf(verb)(...row);

const entry = (pod: Pod, ifname = "eth0"): Json => ({ containerID: pod.id, ifname });

function left(world: World, { config }: Network): string[] {
  return world
    .rows("attachments")
    .filter(({ network }) => network === config.name)
    .map((row) => `${row.container_id}/${row.ifname}`)
    .sort();
}

async function withPods(world: World, count: number, network = world.network()) {
  const pods = Array.from({ length: count }, () => world.pod());
  for (const pod of pods) await world.must("ADD", pod, network);
  return { network, pods };
}

const names = (pods: readonly Pod[]): string[] => pods.map(({ id }) => `${id}/eth0`).sort();

const collect = (
  id: string,
  sentence: StoryRow["sentence"],
  sent: string,
  list: (pods: Pod[]) => unknown,
  stays: (pods: Pod[]) => Pod[],
): Row =>
  story(
    "GC",
    id,
    sentence,
    sent,
    "success, no output; exactly what is not listed is gone",
    async (world) => {
      const { network, pods } = await withPods(world, 2);
      judge(
        await world.verb("GC", null, network, { config: { [validKey]: list(pods) } }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(left(world, network), names(stays(pods)), "attachments that are left");
      for (const pod of pods)
        equal(
          world.inPod(pod, "ip", "-o", "link").includes("eth0"),
          stays(pods).includes(pod),
          `eth0 of ${pod.id}`,
        );
    },
  );

const gcStories: Row[] = [
  collect(
    "one",
    "gcRemoves",
    "GC with one of two listed",
    ([first]) => [entry(first as Pod)],
    ([first]) => [first as Pod],
  ),
  collect(
    "all-listed",
    "gcList",
    "GC with both listed",
    (pods) => pods.map((pod) => entry(pod)),
    (pods) => pods,
  ),
  collect(
    "empty",
    "gcList",
    "GC with an empty list",
    () => [],
    () => [],
  ),
  collect(
    "null",
    "nullList",
    "GC with null",
    () => null,
    () => [],
  ),
  collect(
    "other-interface",
    "attachment",
    "GC with the first's container listed under another interface",
    ([a, b]) => [entry(a as Pod, "eth1"), entry(b as Pod)],
    ([, b]) => [b as Pod],
  ),
  collect(
    "strangers",
    "gcList",
    "GC with both listed, and one that nobody knows",
    (pods) => [...pods.map((pod) => entry(pod)), { containerID: "nobody", ifname: "eth0" }],
    (pods) => pods,
  ),
  story(
    "GC",
    "namespace-gone",
    "gcNamespaceGone",
    "GC where the namespace is gone",
    "success; the row is gone",
    async (world) => {
      const { network, pods } = await withPods(world, 1);
      world.removeNamespace(pods[0] as Pod);
      judge(
        await world.verb("GC", null, network, { config: { [validKey]: [] } }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(left(world, network), [], "attachments that are left");
    },
  ),
  story(
    "GC",
    "twice",
    "gcOutput",
    "GC with an empty list, twice",
    "success, no output, both times",
    async (world) => {
      const { network } = await withPods(world, 1);
      for (const _ of [1, 2])
        judge(
          await world.verb("GC", null, network, { config: { [validKey]: [] } }),
          { code: null, stdout: "nothing" },
          newest,
        );
    },
  ),
  story(
    "GC",
    "no-parameters",
    "gcNoParameters",
    "GC with CNI_COMMAND only",
    "success",
    async (world) => {
      const { network } = await withPods(world, 1);
      judge(
        await world.verb("GC", null, network, {
          env: { CNI_PATH: null },
          config: { [validKey]: [] },
        }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(left(world, network), [], "attachments that are left");
    },
  ),
  story(
    "GC",
    "other-network",
    "foreignNetworks",
    "GC of a network with an empty list, where another has pods",
    "success; the other's are whole",
    async (world) => {
      const [one, other] = [await withPods(world, 1), await withPods(world, 1)];
      judge(
        await world.verb("GC", null, one.network, { config: { [validKey]: [] } }),
        { code: null },
        newest,
      );
      equal(left(world, other.network), names(other.pods), "attachments of the other network");
    },
  ),
  story(
    "GC",
    "unfit",
    "gcMost",
    "GC with a configuration that an ADD would refuse",
    "success; what is not listed is gone",
    async (world) => {
      const { network } = await withPods(world, 1);
      judge(
        await world.verb("GC", null, network, { config: { [validKey]: [], mtu: "x", brige: 5 } }),
        { code: null },
        newest,
      );
      equal(left(world, network), [], "attachments that are left");
    },
  ),
  story(
    "GC",
    "frees-address",
    "gcMost",
    "GC with an empty list in a network of one address, then ADD",
    "the ADD gets it",
    async (world) => {
      const network = world.network();
      const config = { ipam: { subnet: `${network.prefix}0/30` } };
      await world.must("ADD", world.pod(), network, { config });
      judge(
        await world.verb("GC", null, network, { config: { ...config, [validKey]: [] } }),
        { code: null },
        newest,
      );
      judge(await world.verb("ADD", world.pod(), network, { config }), { code: null }, newest);
    },
  ),
  story(
    "GC",
    "goes-on",
    "gcGoesOn",
    "GC of three where the kernel refuses to remove the second's class",
    "error 110 that names it; the others are gone; the next GC finishes it",
    async (world) => {
      const { network, pods } = await withPods(world, 3);
      const minor = String(
        world.rows("attachments").find((row) => row.container_id === pods[1]?.id)?.class_minor,
      );
      const parent = `fa01:${Number(minor).toString(16)}`;
      // A class that has one below it is in use: EBUSY (htb_delete).
      const below = ["dev", "uplink", "classid", "fa01:eee"];
      world.run("tc", "class", "add", ...below, "parent", parent, "htb", "rate", "1mbit");
      const call = { config: { [validKey]: [] } };
      const failed = await world.verb("GC", null, network, call);
      judge(
        failed,
        { code: 110, msg: [new RegExp(`1 of 3 attachments.*${pods[1]?.id}/eth0`)] },
        newest,
      );
      equal(left(world, network), names([pods[1] as Pod]), "attachments that are left");
      world.run("tc", "class", "del", ...below);
      judge(await world.verb("GC", null, network, call), { code: null, stdout: "nothing" }, newest);
      equal(left(world, network), [], "attachments that are left in the end");
    },
    // The ADD of another network that finds no room frees what a DEL left.
    true,
  ),
];

const garbage: [string, string, unknown, RegExp][] = [
  ["missing", "no list", undefined, /valid-attachments is missing/],
  ["text", 'a list that is "all"', "all", /is not a list/],
  ["object", "a list that is {}", {}, /is not a list/],
  ["number", "a list that is 5", 5, /is not a list/],
  ["false", "a list that is false", false, /is not a list/],
  ["entry-null", "an entry null", [null], /\[0\] names no attachment: null/],
  ["entry-text", "an entry that is a text", ["p1"], /\[0\] names no attachment: "p1"/],
  ["entry-list", "an entry that is a list", [["p1", "eth0"]], /\[0\] names no attachment/],
  ["entry-empty", "an entry {}", [{}], /\[0\] names no attachment: \{\}/],
  [
    "no-container",
    "an entry without containerID",
    [{ ifname: "eth0" }],
    /\[0\] names no attachment/,
  ],
  ["no-interface", "an entry without ifname", [{ containerID: "p1" }], /\[0\] names no attachment/],
  [
    "container-empty",
    'an entry with containerID ""',
    [{ containerID: "", ifname: "eth0" }],
    /\[0\] names no attachment/,
  ],
  [
    "interface-empty",
    'an entry with ifname ""',
    [{ containerID: "p1", ifname: "" }],
    /\[0\] names no attachment/,
  ],
  [
    "container-number",
    "an entry with containerID 5",
    [{ containerID: 5, ifname: "eth0" }],
    /\[0\] names no attachment/,
  ],
  [
    "container-path",
    "an entry with containerID ../p1",
    [{ containerID: "../p1", ifname: "eth0" }],
    /\[0\] names no attachment/,
  ],
  [
    "interface-long",
    "an entry with an ifname of 16 bytes",
    [{ containerID: "p1", ifname: "abcdefghijklmnop" }],
    /\[0\] names no attachment/,
  ],
  [
    "nul",
    "an entry with a NUL in its containerID",
    [{ containerID: "p1\0", ifname: "eth0" }],
    /\[0\] names no attachment/,
  ],
  [
    "letter-case",
    "an entry with the keys containerid and ifName",
    [{ containerid: "p1", ifName: "eth0" }],
    /\[0\] names no attachment/,
  ],
  [
    "behind",
    "garbage behind what is right",
    [{ containerID: "p1", ifname: "eth0" }, 7],
    /\[1\] names no attachment: 7/,
  ],
  [
    "long",
    "an entry of 100,000 characters",
    [{ containerID: `/${"x".repeat(100_000)}`, ifname: "eth0" }],
    /\[0\] names no attachment/,
  ],
];

const gcGarbage: Row[] = garbage.map(
  ([id, sent, list, msg]): StillRow => ({
    kind: "still",
    id: `gc/list-${id}`,
    verb: "GC",
    sentence: id === "missing" ? "nullList" : "gcList",
    sent: `GC with ${sent}`,
    calls: (["fairway", "fairway-ipam"] as const).map((as) => ({
      command: "GC",
      as,
      config: { [validKey]: list },
    })),
    code: 7,
    msg: [/cni\.dev\/valid-attachments/, msg],
    details: /removes nothing|nothing was removed/,
  }),
);

const status = (world: World, network: Network, config: Json = {}) =>
  world.verb("STATUS", null, network, { config });

const statusRows: Row[] = [
  {
    kind: "still",
    id: "status/ready",
    verb: "STATUS",
    sentence: "statusReady",
    sent: "STATUS of a node that can take pods, under both names",
    calls: (["fairway", "fairway-ipam"] as const).map((as) => ({ command: "STATUS", as })),
    code: null,
    stdout: "nothing",
  },
  {
    kind: "still",
    id: "status/no-parameters",
    verb: "STATUS",
    sentence: "optional",
    sent: "STATUS with CNI_COMMAND only",
    calls: [{ command: "STATUS", env: { CNI_PATH: null } }],
    code: null,
    stdout: "nothing",
  },
  ...(
    [
      [
        "no-uplink",
        "an uplink that is not there",
        { uplink: { name: "eth77", egressCapacity: "1G", ingressCapacity: "1G" } },
        51,
        /eth77/,
      ],
      [
        "no-capacity",
        "a capacity that nobody knows",
        { uplink: { name: "uplink" } },
        50,
        /egressCapacity/,
      ],
      [
        "other-settings",
        "settings that differ from another network's on the node",
        { name: "other", overcommit: "scale" },
        50,
        /overcommit is scale in other and reject in pods/,
      ],
    ] as const
  ).map(
    ([id, sent, config, code, msg]): Row => ({
      kind: "still",
      id: `status/${id}`,
      verb: "STATUS",
      sentence: "statusNotReady",
      sent: `STATUS with ${sent}, with a pod on the node`,
      calls: [{ command: "STATUS", config }],
      code,
      msg: [msg],
    }),
  ),
  story(
    "STATUS",
    "exhausted",
    "statusExhausted",
    "STATUS of a network whose only address is given, and after DEL",
    "error 50 with how many there are; then success",
    async (world) => {
      const network = world.network();
      const config = { ipam: { subnet: `${network.prefix}0/30` } };
      const pod = world.pod();
      await world.must("ADD", pod, network, { config });
      judge(await status(world, network, config), { code: 50, msg: [/all 1 are given/] }, newest);
      judge(
        await world.verb("ADD", world.pod(), network, { config }),
        { code: 101, msg: [/all 1 are given/] },
        newest,
      );
      await world.must("DEL", pod, network, { config });
      judge(await status(world, network, config), { code: null, stdout: "nothing" }, newest);
    },
  ),
  story(
    "STATUS",
    "others-go-on",
    "statusOthers",
    "CHECK and DEL while STATUS is an error",
    "success",
    async (world) => {
      const network = world.network();
      const config = { ipam: { subnet: `${network.prefix}0/30` } };
      const pod = world.pod();
      const prevResult = await world.must("ADD", pod, network, { config });
      equal((await status(world, network, config)).exit, 1, "exit code of STATUS");
      judge(
        await world.verb("CHECK", pod, network, { config: { ...config, prevResult } }),
        { code: null },
        newest,
      );
      judge(await world.verb("DEL", pod, network, { config }), { code: null }, newest);
    },
  ),
  story(
    "STATUS",
    "informational",
    "statusInformational",
    "STATUS on a node without pods, then ADD",
    "STATUS makes nothing; ADD needs no STATUS",
    async (world) => {
      const network = world.network();
      const before = world.dump();
      judge(await status(world, network), { code: null, stdout: "nothing" }, newest);
      const kernel = (dump: string): string => dump.split("\n=====\n")[0] ?? "";
      equal(kernel(world.dump()) === kernel(before), true, "the kernel is as it was");
      judge(await world.verb("ADD", world.pod(), world.network()), { code: null }, newest);
    },
    true,
  ),
  story(
    "STATUS",
    "uplink-down",
    "statusLimited",
    "STATUS with the uplink down and a pod on the node",
    "error 51 that names the uplink",
    async (world) => {
      const { network, pods } = await withPods(world, 1);
      world.run("ip", "link", "set", "uplink", "down");
      judge(
        await status(world, network),
        { code: 51, msg: [/uplink.*down/, /pods that run here/], details: /ip link set/ },
        newest,
      );
      world.run("ip", "link", "set", "uplink", "up");
      judge(await status(world, network), { code: null }, newest);
      await world.must("DEL", pods[0] as Pod, network);
    },
    true,
  ),
  story(
    "STATUS",
    "foreign-qdisc",
    "statusLimited",
    "STATUS with another root qdisc in our tree's place and a pod on the node",
    "error 51 that names it",
    async (world) => {
      const { network, pods } = await withPods(world, 1);
      world.run("tc", "qdisc", "replace", "dev", "uplink", "root", "handle", "7:", "htb");
      judge(
        await status(world, network),
        { code: 51, msg: [/htb 7:/], details: /tc qdisc del/ },
        newest,
      );
      world.run("tc", "qdisc", "del", "dev", "uplink", "root");
      await world.must("DEL", pods[0] as Pod, network);
    },
    true,
  ),
];

const supported = [...versions];
const asked: [string, string, string | null, string][] = [
  ...versions.map((v): [string, string, string, string] => [
    v,
    `{"cniVersion":"${v}"}`,
    `{"cniVersion":"${v}"}`,
    v,
  ]),
  ["0.1.0", "cniVersion 0.1.0, which is not supported", '{"cniVersion":"0.1.0"}', "0.1.0"],
  ["0.2.0", "cniVersion 0.2.0, which is not supported", '{"cniVersion":"0.2.0"}', "0.2.0"],
  ["9.9.9", "cniVersion 9.9.9, which is not known", '{"cniVersion":"9.9.9"}', "9.9.9"],
];
const unasked: [string, string, string][] = [
  ["empty", "no byte", ""],
  ["object", "{}", "{}"],
  ["number", '{"cniVersion":1}', '{"cniVersion":1}'],
  ["text", "a cniVersion that is no version", '{"cniVersion":"<script>"}'],
  ["no-json", "{", "{"],
  ["long", "a cniVersion of 8 MB", `{"cniVersion":"${"1".repeat(8_000_000)}"}`],
];

const version = (
  id: string,
  sentence: StillRow["sentence"],
  sent: string,
  stdin: string,
  cniVersion: string,
): StillRow => ({
  kind: "still",
  id: `version/${id}`,
  verb: "VERSION",
  sentence,
  sent: `VERSION with ${sent}`,
  calls: (["fairway", "fairway-ipam"] as const).map((as) => ({
    command: "VERSION",
    as,
    stdin,
    env: { CNI_PATH: null },
  })),
  code: null,
  stdout: { cniVersion, supportedVersions: supported },
});

const versionRows: Row[] = [
  ...asked.map(([id, sent, stdin, told]) => version(id, "versionEcho", sent, stdin ?? "", told)),
  ...unasked.map(([id, sent, stdin]) =>
    version(`unasked-${id}`, "versionList", sent, stdin, newest),
  ),
  {
    ...version("closed", "versionOutput", "stdin closed, and on a folder", "", newest),
    calls: ["<&-", "</etc"].map((redirect) => ({ command: "VERSION", redirect })),
  },
];

export const networkRows: Row[] = [...gcStories, ...gcGarbage, ...statusRows, ...versionRows];
