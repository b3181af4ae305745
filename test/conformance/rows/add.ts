/** ADD: what it makes, and what it prints in each version. */
import { demand, equal, judge } from "../judge.ts";
import { type Row, type StoryRow, storiesOf } from "../row.ts";
import { type Version, versions } from "../versions.ts";
import { type Json, newest, type World } from "../world.ts";

interface Link {
  name: string;
  mac: string;
  mtu?: number;
  sandbox?: string;
}

const routes = [
  { dst: "0.0.0.0/0" },
  { dst: "198.18.64.0/18", mtu: 1400, advmss: 1360, priority: 50 },
];
const dns = {
  nameservers: ["198.18.0.53"],
  domain: "a.example",
  search: ["a.example"],
  options: ["ndots:5"],
};

const linkOf = (text: string): Json => (JSON.parse(text) as Json[])[0] ?? {};

/** An ADD that succeeded and what was asked. */
async function added(world: World, cniVersion: Version) {
  const network = world.network({ cniVersion, dns }, { routes });
  const pod = world.pod();
  const reply = await world.verb("ADD", pod, network);
  judge(reply, { code: null }, cniVersion);
  return {
    network,
    pod,
    result: reply.json,
    links: reply.json.interfaces as Link[],
    ips: reply.json.ips as Json[],
  };
}

const perVersion = (
  id: string,
  sentence: StoryRow["sentence"],
  expected: (version: Version) => string,
  holds: (world: World, version: Version, done: Awaited<ReturnType<typeof added>>) => void,
  some: readonly Version[] = versions,
): Row[] =>
  some.map((version) => ({
    kind: "story",
    id: `add/${id}-${version}`,
    verb: "ADD",
    sentence,
    sent: `ADD in ${version}`,
    expected: expected(version),
    run: async (world) => holds(world, version, await added(world, version)),
  }));

const results: Row[] = [
  ...perVersion(
    "keys",
    "resultKeys",
    (v) => `cniVersion ${v}, interfaces, ips, routes, dns, and no other key`,
    (_, version, { result }) => {
      equal(
        Object.keys(result).sort(),
        ["cniVersion", "dns", "interfaces", "ips", "routes"],
        "keys",
      );
      equal(result.cniVersion, version, "cniVersion");
    },
  ),
  ...perVersion(
    "interfaces",
    "resultInterfaces",
    () => "bridge, host interface and pod interface, each as the kernel has it",
    (world, _, { links, pod }) => {
      equal(links.length, 3, "number of interfaces");
      for (const link of links) {
        const show = ["ip", "-j", "link", "show", "dev", link.name];
        const there = linkOf(
          link.sandbox === undefined ? world.run(...show) : world.inPod(pod, ...show),
        );
        equal([there.ifname, there.address], [link.name, link.mac], "interface in the kernel");
        if (link.mtu !== undefined) equal(there.mtu, link.mtu, "its MTU");
      }
    },
  ),
  ...perVersion(
    "ip-version",
    "ipVersion",
    (v) => (v < "1.0.0" ? 'ips[].version "4"' : "no ips[].version"),
    (_, version, { ips }) => {
      equal(ips[0]?.version, version < "1.0.0" ? "4" : undefined, "ips[0].version");
    },
  ),
  ...perVersion(
    "new-fields",
    "newFields",
    (v) =>
      v === newest
        ? "interfaces with mtu, a route with mtu, advmss, priority"
        : "interfaces without mtu, routes with dst and gw only",
    (_, version, { links, result }) => {
      const isNewest = version === newest;
      for (const link of links) equal("mtu" in link, isNewest, `an mtu of ${link.name}`);
      const found = (result.routes as Json[]).find(({ dst }) => dst === "198.18.64.0/18");
      const { gw: _gw, ...fields } = found ?? {};
      equal(fields, isNewest ? routes[1] : { dst: "198.18.64.0/18" }, "the route");
    },
  ),
];

const story = storiesOf("ADD");

const makes: Row[] = [
  story(
    "sandbox",
    "resultSandbox",
    "ADD",
    "sandbox is CNI_NETNS at the pod's interface, and absent at the host's",
    async (world) => {
      const { links, pod } = await added(world, newest);
      equal(
        links.map(({ sandbox }) => sandbox),
        [undefined, undefined, pod.netns],
        "sandboxes",
      );
    },
  ),
  story(
    "ip-interface",
    "resultIps",
    "ADD",
    "ips[].interface leads to the pod's interface, which has the address; the gateway is in its subnet",
    async (world) => {
      const { links, ips, pod, network } = await added(world, newest);
      const [ip] = ips;
      equal(
        links[Number(ip?.interface)]?.name,
        "eth0",
        "the interface that ips[0].interface leads to",
      );
      demand(
        world.inPod(pod, "ip", "-4", "address", "show", "dev", "eth0").includes(` ${ip?.address} `),
        "eth0 has not the address",
      );
      equal(ip?.gateway, `${network.prefix}1`, "gateway");
    },
  ),
  story(
    "creates",
    "addCreates",
    "ADD with CNI_IFNAME net7",
    "an interface of that name in CNI_NETNS, up",
    async (world) => {
      const pod = world.pod();
      const reply = await world.verb("ADD", pod, world.network(), { env: { CNI_IFNAME: "net7" } });
      judge(reply, { code: null }, newest);
      demand(
        world.inPod(pod, "ip", "link", "show", "dev", "net7").includes("UP"),
        "net7 is not up",
      );
    },
  ),
  story(
    "ifname-longest",
    "ifname",
    "ADD with a name of 15 bytes",
    "an interface of that name",
    async (world) => {
      const pod = world.pod();
      const reply = await world.verb("ADD", pod, world.network(), {
        env: { CNI_IFNAME: "abcdefghijklmno" },
      });
      judge(reply, { code: null }, newest);
      demand(world.inPod(pod, "ip", "-o", "link").includes("abcdefghijklmno"), "no such interface");
    },
  ),
  story(
    "routes",
    "resultRoutes",
    "ADD with two routes",
    "the result has them, and so has the pod",
    async (world) => {
      const { result, pod } = await added(world, newest);
      equal(
        (result.routes as Json[]).map(({ dst }) => dst).sort(),
        ["0.0.0.0/0", "198.18.64.0/18"],
        "routes of the result",
      );
      const there = world.inPod(pod, "ip", "route", "show");
      for (const pattern of [/^default via /m, /^198\.18\.64\.0\/18 .*metric 50.*mtu 1400/m])
        demand(pattern.test(there), `no ${pattern} in ${there}`);
    },
  ),
  story(
    "dns",
    "resultDns",
    "ADD with dns in the configuration",
    "the result's dns is that",
    async (world) => {
      equal((await added(world, newest)).result.dns, dns, "dns");
    },
  ),
  story(
    "stdout",
    "addOutput",
    "ADD with logLevel debug",
    "stdout is one JSON object and nothing else",
    async (world) => {
      const reply = await world.verb("ADD", world.pod(), world.network({ logLevel: "debug" }));
      judge(reply, { code: null }, newest);
      equal(reply.json.cniVersion, newest, "cniVersion of what stdout parses to");
    },
  ),
  story(
    "log",
    "stderr",
    "ADD with logLevel debug",
    "log lines on stderr; the last names the container",
    async (world) => {
      const pod = world.pod();
      const { stderr } = await world.verb("ADD", pod, world.network({ logLevel: "debug" }));
      const line = JSON.parse(stderr.trim().split("\n").at(-1) || "{}") as Json;
      equal([line.verb, line.containerId], ["ADD", pod.id], "verb and containerId of the log line");
    },
  ),
  story(
    "exit-code",
    "exitCode",
    "ADD that succeeds, and one that cannot",
    "exit 0, then exit 1",
    async (world) => {
      const [network, pod] = [world.network(), world.pod()];
      equal((await world.verb("ADD", pod, network)).exit, 0, "exit code");
      equal((await world.verb("ADD", pod, network)).exit, 1, "exit code of the second");
    },
  ),
  story(
    "environment-optional",
    "optional",
    "ADD without CNI_ARGS and CNI_PATH",
    "success",
    async (world) => {
      judge(
        await world.verb("ADD", world.pod(), world.network(), {
          env: { CNI_ARGS: null, CNI_PATH: null },
        }),
        { code: null },
        newest,
      );
    },
  ),
  story(
    "args-known",
    "args",
    "CNI_ARGS with the kubelet's keys and no IgnoreUnknown",
    "success",
    async (world) => {
      const CNI_ARGS =
        "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart;K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_UID=1-2";
      judge(
        await world.verb("ADD", world.pod(), world.network(), { env: { CNI_ARGS } }),
        { code: null },
        newest,
      );
    },
  ),
  story(
    "args-ignored",
    "ignoreUnknown",
    "CNI_ARGS with unknown keys and IgnoreUnknown=1, true, TRUE, t",
    "success",
    async (world) => {
      const network = world.network();
      for (const value of ["1", "true", "TRUE", "t"])
        judge(
          await world.verb("ADD", world.pod(), network, {
            env: { CNI_ARGS: `FOO=BAR;IgnoreUnknown=${value}` },
          }),
          { code: null },
          newest,
        );
    },
  ),
  story("args-ip", "args", "CNI_ARGS IP= of the subnet", "that address", async (world) => {
    const network = world.network();
    const reply = await world.verb("ADD", world.pod(), network, {
      env: { CNI_ARGS: `IP=${network.prefix}9` },
    });
    judge(reply, { code: null }, newest);
    equal((reply.json.ips as Json[])[0]?.address, `${network.prefix}9/27`, "address");
  }),
  story(
    "masquerade",
    "ipMasq",
    "ADD with ipMasq",
    "the node masquerades the network's subnet, and not without",
    async (world) => {
      const [with_, without] = [world.network({ ipMasq: true }), world.network()];
      for (const network of [with_, without]) await world.must("ADD", world.pod(), network);
      const set = world.run("nft", "list", "set", "inet", "fairway", "masq4");
      demand(set.includes(`${with_.prefix}0/27`), `the subnet is not in ${set}`);
      demand(!set.includes(`${without.prefix}0/27`), `the other subnet is in ${set}`);
      demand(
        /masquerade/.test(world.run("nft", "list", "table", "inet", "fairway")),
        "no rule masquerades",
      );
    },
  ),
];

const classOf = (world: World, hostVeth: string): string =>
  world.run("tc", "class", "show", "dev", "fw0", "classid", `fa01:${hostVeth.replace("fwv", "")}`);

const runtime: Row[] = [
  ...(["ingressRate", "IngressRate", "INGRESSRATE"] as const).map((key) =>
    story(
      `bandwidth-${key}`,
      "letterCase",
      `runtimeConfig.bandwidth.${key} of 5 Mbit/s`,
      "the pod's class towards it is held to 5 Mbit/s",
      async (world) => {
        const reply = await world.verb("ADD", world.pod(), world.network(), {
          config: { runtimeConfig: { bandwidth: { [key]: 5_000_000 } } },
        });
        judge(reply, { code: null }, newest);
        const found = classOf(world, (reply.json.interfaces as Link[])[1]?.name ?? "");
        demand(/ceil 5Mbit/.test(found), `the class is ${found}`);
      },
    ),
  ),
  story("annotations-null", "nullAnnotations", "pod annotations null", "success", async (world) => {
    judge(
      await world.verb("ADD", world.pod(), world.network(), {
        config: { runtimeConfig: { "io.kubernetes.cri.pod-annotations": null } },
      }),
      { code: null },
      newest,
    );
  }),
  story(
    "capabilities-of-others",
    "otherCapabilities",
    "portMappings, dns and cgroupPath in runtimeConfig",
    "success",
    async (world) => {
      const runtimeConfig = {
        portMappings: [{ HostPort: 80, ContainerPort: 80, Protocol: "tcp" }],
        dns: { Servers: [] },
        cgroupPath: "/kubepods/x",
      };
      judge(
        await world.verb("ADD", world.pod(), world.network(), { config: { runtimeConfig } }),
        { code: null },
        newest,
      );
    },
  ),
];

const again: Row[] = [
  story(
    "interface-exists",
    "addExists",
    "ADD where CNI_NETNS has an interface of that name",
    "error 103 that names it; the interface stays",
    async (world) => {
      const pod = world.pod();
      world.inPod(pod, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "far0");
      const before = world.inPod(pod, "ip", "-o", "link");
      judge(
        await world.verb("ADD", pod, world.network()),
        { code: 103, msg: [/eth0/, /exists already/] },
        newest,
      );
      equal(world.inPod(pod, "ip", "-o", "link"), before, "the pod's interfaces");
    },
  ),
  story(
    "twice",
    "attachment",
    "ADD for the same container and interface",
    "error 103; the attachment stays whole",
    async (world) => {
      const [network, pod] = [world.network(), world.pod()];
      const prevResult = await world.must("ADD", pod, network);
      judge(await world.verb("ADD", pod, network), { code: 103, msg: [/eth0/] }, newest);
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult } }),
        { code: null, stdout: "nothing" },
        newest,
      );
    },
  ),
  story(
    "two-interfaces",
    "addTwice",
    "ADD of eth0 and net1 for one container",
    "both, with different addresses",
    async (world) => {
      const [network, pod] = [world.network({}, { routes: [] }), world.pod()];
      const first = await world.verb("ADD", pod, network);
      const second = await world.verb("ADD", pod, network, { env: { CNI_IFNAME: "net1" } });
      for (const reply of [first, second]) judge(reply, { code: null }, newest);
      demand(
        JSON.stringify(first.json.ips) !== JSON.stringify(second.json.ips),
        "one address twice",
      );
    },
  ),
  story("concurrent", "concurrent", "8 ADDs at once", "8 addresses", async (world) => {
    const network = world.network();
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => world.verb("ADD", world.pod(), network)),
    );
    for (const reply of replies) judge(reply, { code: null }, newest);
    equal(
      new Set(replies.map(({ json }) => (json.ips as Json[])[0]?.address)).size,
      8,
      "addresses",
    );
  }),
  story(
    "failed-leaves-nothing",
    "nothingChanged",
    "ADD that finds the interface name taken, on a node with a pod",
    "error 103; kernel and ledger are what they were",
    async (world) => {
      const [network, kept, pod] = [world.network(), world.pod(), world.pod()];
      await world.must("ADD", kept, network);
      world.inPod(pod, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "far0");
      const before = world.dump(kept, pod);
      judge(await world.verb("ADD", pod, network), { code: 103 }, newest);
      const after = world.dump(kept, pod);
      // Where the search for the next address goes on is kept, and may move; so is what was seen of the base.
      demand(strip(after) === strip(before), "the node changed");
      await world.must("DEL", kept, network);
    },
    true,
  ),
];

/** Of a table's line, the rows without what an ADD remembers of its looks at the base, refused or not. */
function withoutSeen(line: string): string {
  const [, table, rows] = /^(facts?): (\[.*\])$/.exec(line) ?? [];
  if (rows === undefined) return line;
  const kept = (JSON.parse(rows) as Json[]).filter(({ key }) => key !== "base seen");
  return `${table}: ${JSON.stringify(kept)}`;
}

const strip = (dump: string): string =>
  dump
    .split("\n")
    .filter((line) => !/cursor/i.test(line))
    .map(withoutSeen)
    .join("\n");

export const addRows: Row[] = [...results, ...makes, ...runtime, ...again];
