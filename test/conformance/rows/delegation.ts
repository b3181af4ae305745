/** Another IPAM plugin below Fairway, and Fairway below another plugin, under the name fairway-ipam. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { FakeDelegate } from "../../support/fake-delegate.ts";
import { demand, equal, judge } from "../judge.ts";
import type { Row, StoryRow } from "../row.ts";
import { versions } from "../versions.ts";
import { type Call, type Json, type Network, newest, validKey, type World } from "../world.ts";

const story = (
  verb: StoryRow["verb"],
  id: string,
  sentence: StoryRow["sentence"],
  sent: string,
  expected: string,
  run: StoryRow["run"],
): StoryRow => ({
  kind: "story",
  id,
  verb,
  sentence,
  sent,
  expected,
  run,
});

interface Below {
  fake: FakeDelegate;
  network: Network;
  env: Record<string, string>;
  given: Json;
}

/** A network whose addresses come from a plugin that answers as we say. */
function below(world: World): Below {
  const { config, prefix } = world.network();
  const network = {
    config: { ...config, ipam: { type: "fake-ipam", whatever: [1, { of: "its own" }] } },
    prefix,
  };
  const fake = world.fake();
  const given = {
    cniVersion: newest,
    ips: [{ address: `${prefix}5/27`, gateway: `${prefix}1` }],
    routes: [{ dst: "0.0.0.0/0" }],
    dns: {},
  };
  fake.answer("ADD", given);
  return { fake, network, env: { CNI_PATH: fake.folder }, given };
}

const delegate = (
  id: string,
  verb: StoryRow["verb"],
  sentence: StoryRow["sentence"],
  sent: string,
  expected: string,
  run: (world: World, all: Below) => Promise<void>,
): Row =>
  story(verb, `delegate/${id}`, sentence, sent, expected, (world) => run(world, below(world)));

const verbsOf = (fake: FakeDelegate): string[] => fake.calls().map(({ verb }) => verb);
const broken: Json = {
  cniVersion: newest,
  code: 117,
  msg: "the lease server is away",
  details: "ask again at noon",
};
const brokenAnswer = {
  code: 117,
  msg: [/^the lease server is away$/],
  details: /^ask again at noon$/,
};

const delegateRows: Row[] = [
  delegate(
    "address",
    "ADD",
    "delegateLookup",
    "ADD with another IPAM plugin in CNI_PATH's second folder",
    "success; its address in the result and in the pod",
    async (world, { network, env }) => {
      const pod = world.pod();
      const reply = await world.verb("ADD", pod, network, {
        env: { CNI_PATH: `${world.bin}:${env.CNI_PATH}` },
      });
      judge(reply, { code: null }, newest);
      equal((reply.json.ips as Json[])[0]?.address, `${network.prefix}5/27`, "address");
      demand(
        world.inPod(pod, "ip", "address", "show", "eth0").includes(`${network.prefix}5/27`),
        "the pod has not the address",
      );
    },
  ),
  delegate(
    "path-order",
    "ADD",
    "path",
    "ADD with the plugin in both folders of CNI_PATH",
    "the first is run",
    async (world, { fake, network }) => {
      const other = world.fake();
      other.answer("ADD", broken, 1);
      judge(
        await world.verb("ADD", world.pod(), network, {
          env: { CNI_PATH: `${fake.folder}:${other.folder}` },
        }),
        { code: null },
        newest,
      );
      equal(verbsOf(other), [], "calls of the second");
    },
  ),
  delegate(
    "missing",
    "ADD",
    "noSwallow",
    "ADD with no such plugin in CNI_PATH",
    "error 105 that names both",
    async (world, { network }) => {
      judge(
        await world.verb("ADD", world.pod(), network),
        { code: 105, msg: [/fake-ipam/, /CNI_PATH/] },
        newest,
      );
    },
  ),
  delegate(
    "no-path",
    "ADD",
    "pathOptional",
    "ADD with another IPAM plugin, without CNI_PATH",
    "error 105 that names CNI_PATH",
    async (world, { network }) => {
      judge(
        await world.verb("ADD", world.pod(), network, { env: { CNI_PATH: null } }),
        { code: 105, msg: [/fake-ipam/, /CNI_PATH \(empty\)/] },
        newest,
      );
    },
  ),
  delegate(
    "environment",
    "ADD",
    "delegateEnvironment",
    "ADD",
    "it gets all CNI_* variables as they came",
    async (world, { fake, network, env }) => {
      const pod = world.pod();
      await world.must("ADD", pod, network, {
        env: { ...env, CNI_ARGS: "IgnoreUnknown=1;FOO=BAR" },
      });
      const [called] = fake.calls();
      for (const line of [
        "CNI_COMMAND=ADD",
        `CNI_CONTAINERID=${pod.id}`,
        `CNI_NETNS=${pod.netns}`,
        "CNI_IFNAME=eth0",
        "CNI_ARGS=IgnoreUnknown=1;FOO=BAR",
        `CNI_PATH=${fake.folder}`,
      ])
        demand(
          called?.env.split("\n").includes(line) === true,
          `${line} is not in its environment`,
        );
    },
  ),
  delegate(
    "whole",
    "ADD",
    "delegateWhole",
    "ADD",
    "it gets the configuration, byte for byte",
    async (world, { fake, network, env }) => {
      const stdin = JSON.stringify(network.config, null, 3);
      await world.must("ADD", world.pod(), network, { env, stdin });
      equal(fake.calls()[0]?.stdin, stdin.split("\n")[0], "the first line of its stdin");
      const seen = mkdtempSync(join(world.folder, "seen-"));
      fake.behave("ADD", `tail -n +1 /dev/null; cp "${fake.folder}/log" "${seen}/log"; exit 1`);
      await world.verb("ADD", world.pod(), network, { env, stdin });
      const text = await Bun.file(join(seen, "log")).text();
      demand(text.includes(stdin), "its stdin is not what came");
    },
  ),
  delegate(
    "stderr",
    "ADD",
    "delegateStderr",
    "ADD whose delegate writes to stderr",
    "its words are on stderr",
    async (world, { fake, network, env, given }) => {
      fake.behave("ADD", `echo 'words of the delegate' >&2; echo '${JSON.stringify(given)}'`);
      const { exit, stderr } = await world.verb("ADD", world.pod(), network, { env });
      equal(exit, 0, "exit code");
      demand(stderr.includes("words of the delegate"), `stderr is ${JSON.stringify(stderr)}`);
    },
  ),
  delegate(
    "add-fails",
    "ADD",
    "delegateUndo",
    "ADD whose delegate fails with an error",
    "its error, whole; its DEL was called",
    async (world, { fake, network, env }) => {
      fake.answer("ADD", broken, 1);
      const pod = world.pod();
      judge(await world.verb("ADD", pod, network, { env }), brokenAnswer, newest);
      equal(verbsOf(fake), ["ADD", "DEL"], "what was called");
      demand(!world.inPod(pod, "ip", "-o", "link").includes("eth0"), "an interface is left");
    },
  ),
  delegate(
    "add-undone",
    "ADD",
    "delegateUndo",
    "ADD that fails after its delegate gave an address",
    "error 103; its DEL was called",
    async (world, { fake, network, env }) => {
      const pod = world.pod();
      world.inPod(pod, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "far0");
      judge(await world.verb("ADD", pod, network, { env }), { code: 103 }, newest);
      equal(verbsOf(fake), ["ADD", "DEL"], "what was called");
    },
  ),
  delegate(
    "no-answer",
    "ADD",
    "delegateErrors",
    "ADD whose delegate prints what is no JSON",
    "error 113; its DEL was called",
    async (world, { fake, network, env }) => {
      fake.answer("ADD", "segmentation fault");
      judge(
        await world.verb("ADD", world.pod(), network, { env }),
        { code: 113, msg: [/fake-ipam printed no result/] },
        newest,
      );
      equal(verbsOf(fake), ["ADD", "DEL"], "what was called");
    },
  ),
  delegate(
    "no-address",
    "ADD",
    "delegateErrors",
    "ADD whose delegate gives no address",
    "error 113",
    async (world, { fake, network, env }) => {
      fake.answer("ADD", { cniVersion: newest, ips: [] });
      judge(
        await world.verb("ADD", world.pod(), network, { env }),
        { code: 113, msg: [/without an address/] },
        newest,
      );
    },
  ),
  delegate(
    "forwards",
    "any",
    "delegateOthers",
    "CHECK, DEL, GC and STATUS with another IPAM plugin",
    "each is called for it, too",
    async (world, { fake, network, env }) => {
      const pod = world.pod();
      const prevResult = await world.must("ADD", pod, network, { env });
      fake.calls();
      judge(
        await world.verb("CHECK", pod, network, { env, config: { prevResult } }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(verbsOf(fake), ["CHECK"], "what was called at CHECK");
      judge(
        await world.verb("DEL", pod, network, { env }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(verbsOf(fake), ["DEL"], "what was called at DEL");
      judge(
        await world.verb("STATUS", null, network, { env }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(verbsOf(fake), ["STATUS"], "what was called at STATUS");
    },
  ),
  delegate(
    "gc",
    "GC",
    "gcForwards",
    "GC with another IPAM plugin, of a pod that is not listed",
    "its DEL for the pod, and its GC",
    async (world, { fake, network, env }) => {
      const pod = world.pod();
      await world.must("ADD", pod, network, { env });
      fake.calls();
      judge(
        await world.verb("GC", null, network, { env, config: { [validKey]: [] } }),
        { code: null, stdout: "nothing" },
        newest,
      );
      const calls = fake.calls();
      equal(
        calls.map(({ verb, containerId }) => [verb, containerId]),
        [
          ["DEL", pod.id],
          ["GC", ""],
        ],
        "what was called",
      );
    },
  ),
  ...(["CHECK", "DEL", "GC", "STATUS"] as const).map((verb) =>
    delegate(
      `${verb.toLowerCase()}-fails`,
      verb,
      verb === "CHECK" ? "checkDelegate" : verb === "STATUS" ? "statusDelegate" : "delegateErrors",
      `${verb} whose delegate fails`,
      "its error, whole",
      async (world, { fake, network, env }) => {
        const pod = world.pod();
        const prevResult = await world.must("ADD", pod, network, { env });
        fake.answer(verb, broken, 1);
        const about = verb === "CHECK" || verb === "DEL" ? pod : null;
        const config =
          verb === "GC"
            ? { [validKey]: [{ containerID: pod.id, ifname: "eth0" }] }
            : verb === "CHECK"
              ? { prevResult }
              : {};
        judge(await world.verb(verb, about, network, { env, config }), brokenAnswer, newest);
      },
    ),
  ),
];

const as: Partial<Call> = { as: "fairway-ipam" };
const ipam = (
  verb: StoryRow["verb"],
  id: string,
  sentence: StoryRow["sentence"],
  sent: string,
  expected: string,
  run: (world: World) => Promise<void>,
): Row => story(verb, `ipam/${id}`, sentence, `fairway-ipam: ${sent}`, expected, run);

const reserved = (world: World, { config }: Network): unknown[] =>
  world
    .rows("reservations", join(world.folder, "addresses"))
    .filter(({ network }) => network === config.name)
    .map((row) => row.container_id)
    .sort();

const ipamRows: Row[] = [
  ...versions.map((version) =>
    ipam(
      "ADD",
      `result-${version}`,
      "ipamResult",
      `ADD in ${version}`,
      "cniVersion, ips without interface, routes, dns; no interfaces",
      async (world) => {
        const network = world.ipamNetwork({ cniVersion: version });
        const reply = await world.verb("ADD", world.pod(), network, as);
        judge(reply, { code: null }, version);
        const ip = { address: `${network.prefix}2/27`, gateway: `${network.prefix}1` };
        const ips = [version < "1.0.0" ? { version: "4", ...ip } : ip];
        equal(
          reply.json,
          { cniVersion: version, ips, routes: [{ dst: "0.0.0.0/0" }], dns: {} },
          "result",
        );
      },
    ),
  ),
  ipam(
    "ADD",
    "no-namespace",
    "netns",
    "ADD with a CNI_NETNS that is another's to look at",
    "success; nothing in the pod",
    async (world) => {
      const pod = world.pod();
      judge(
        await world.verb("ADD", pod, world.ipamNetwork(), {
          ...as,
          env: { CNI_NETNS: "/run/netns/nothing-here" },
        }),
        { code: null },
        newest,
      );
    },
  ),
  ipam(
    "ADD",
    "twice",
    "attachment",
    "ADD twice for one interface",
    "error 103; the address stays",
    async (world) => {
      const [network, pod] = [world.ipamNetwork(), world.pod()];
      const prevResult = await world.must("ADD", pod, network, as);
      judge(await world.verb("ADD", pod, network, as), { code: 103 }, newest);
      judge(
        await world.verb("CHECK", pod, network, { ...as, config: { prevResult } }),
        { code: null, stdout: "nothing" },
        newest,
      );
    },
  ),
  ipam("ADD", "concurrent", "concurrent", "8 ADDs at once", "8 addresses", async (world) => {
    const network = world.ipamNetwork();
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => world.verb("ADD", world.pod(), network, as)),
    );
    for (const reply of replies) judge(reply, { code: null }, newest);
    equal(
      new Set(replies.map(({ json }) => (json.ips as Json[])[0]?.address)).size,
      8,
      "addresses",
    );
  }),
  ipam(
    "ADD",
    "judges-ipam",
    "code7",
    "ADD with a wrong type in ipam",
    "error 7 that names it, and not what is the outer plugin's",
    async (world) => {
      const reply = await world.verb("ADD", world.pod(), world.ipamNetwork({}, { subnet: 5 }), as);
      judge(reply, { code: 7, msg: [/^ipam\.subnet: has to be a string, found 5$/] }, newest);
    },
  ),
  ipam(
    "DEL",
    "del",
    "delIpam",
    "DEL where the namespace is gone, three times",
    "success each time; the address is free",
    async (world) => {
      const [network, pod] = [world.ipamNetwork(), world.pod()];
      await world.must("ADD", pod, network, as);
      world.removeNamespace(pod);
      for (const _ of [1, 2, 3])
        judge(
          await world.verb("DEL", pod, network, { ...as, env: { CNI_NETNS: "" } }),
          { code: null, stdout: "nothing" },
          newest,
        );
      equal(reserved(world, network), [], "reservations");
    },
  ),
  ipam(
    "DEL",
    "del-unfit",
    "delUnfit",
    "DEL with an ipam that an ADD would refuse",
    "success; the address is free",
    async (world) => {
      const [network, pod] = [world.ipamNetwork(), world.pod()];
      await world.must("ADD", pod, network, as);
      const config = { ipam: { ...(network.config.ipam as Json), subnet: 5, brige: [] } };
      judge(
        await world.verb("DEL", pod, network, { ...as, config }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(reserved(world, network), [], "reservations");
    },
  ),
  ipam(
    "CHECK",
    "check",
    "checkOthers",
    "CHECK, and CHECK after the reservation went",
    "success; then error 3",
    async (world) => {
      const [network, pod] = [world.ipamNetwork(), world.pod()];
      const prevResult = await world.must("ADD", pod, network, as);
      judge(
        await world.verb("CHECK", pod, network, { ...as, config: { prevResult } }),
        { code: null, stdout: "nothing" },
        newest,
      );
      await world.must("DEL", pod, network, as);
      judge(
        await world.verb("CHECK", pod, network, { ...as, config: { prevResult } }),
        { code: 3 },
        newest,
      );
    },
  ),
  ipam(
    "CHECK",
    "check-address",
    "checkPrevious",
    "CHECK with a prevResult that has another address",
    "error 109",
    async (world) => {
      const [network, pod] = [world.ipamNetwork(), world.pod()];
      const prevResult = await world.must("ADD", pod, network, as);
      judge(
        await world.verb("CHECK", pod, network, {
          ...as,
          config: { prevResult: { ...prevResult, ips: [{ address: `${network.prefix}9/27` }] } },
        }),
        { code: 109 },
        newest,
      );
    },
  ),
  ipam(
    "GC",
    "gc",
    "gcMost",
    "GC with one of two listed",
    "success, no output; the other's address is free",
    async (world) => {
      const network = world.ipamNetwork();
      const [first, second] = [world.pod(), world.pod()];
      for (const pod of [first, second]) await world.must("ADD", pod, network, as);
      judge(
        await world.verb("GC", null, network, {
          ...as,
          config: { [validKey]: [{ containerID: first.id, ifname: "eth0" }] },
        }),
        { code: null, stdout: "nothing" },
        newest,
      );
      equal(reserved(world, network), [first.id], "reservations");
    },
  ),
  ipam(
    "STATUS",
    "exhausted",
    "statusExhausted",
    "STATUS of a range whose only address is given",
    "error 50 with how many there are",
    async (world) => {
      const network = world.ipamNetwork();
      const config = {
        ipam: { ...(network.config.ipam as Json), subnet: `${network.prefix}0/30` },
      };
      await world.must("ADD", world.pod(), network, { ...as, config });
      judge(
        await world.verb("STATUS", null, network, { ...as, config }),
        { code: 50, msg: [/all 1 are given/] },
        newest,
      );
    },
  ),
];

export const delegationRows: Row[] = [...delegateRows, ...ipamRows];
