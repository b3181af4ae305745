/** Wrong usage: every command, every option. Exit code 2, words on stderr, and nothing is changed. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { CommandResult } from "../../src/ops/child.ts";
import { program } from "../../src/ops/main.ts";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode } from "../support/dump.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { dumpFiles } from "../support/whole.ts";

/** What it gets it hands on: test/prove/command.test.ts has its rows. */
const elsewhere = ["prove"];

/** They know no node of their own, so no ledger either. */
const withoutLedger = /^(install|uninstall|webhook|kubectl|ui|help|version|completion)$/;

interface Leaf {
  /** "ipam list" */
  name: string;
  command: Command;
}

function leaves(command: Command, above: string[] = []): Leaf[] {
  return command.commands.flatMap((each) => {
    const path = [...above, each.name()];
    return each.commands.length > 0
      ? leaves(each, path)
      : [{ name: path.join(" "), command: each }];
  });
}

const all = leaves(program());
const tested = all.filter(({ name }) => !elsewhere.includes(name));

interface Place {
  node: TestNode;
  pod: Pod;
  /** A configuration of network `pods`, that of the node's pod. */
  config: string;
  /** A folder that holds nothing. */
  empty: string;
}

interface Row {
  /** Without --data-dir, which is added where the row has none. */
  argv: (place: Place) => string[];
  says: string[];
}

const row = (line: string, ...says: string[]): Row => ({ argv: () => line.split(" "), says });
const unknownNetwork = ['--network "nope": no such network is known', "known: pods"];
const noFolder = ['--data-dir "/nope/x": there is no such folder', '"dataDir"'];
const whole = ['--network "pods" does not apply', "the whole node", "leave it out"];
const otherConfig = (command: string): Row => ({
  argv: ({ config }) => [...command.split(" "), "--config", config, "--network", "b"],
  says: ['--network "b", and --config is of network pods', "leave --network out"],
});
const relative = (option: string): string[] => [`${option}: "x" is not an absolute path`];

const rows: Record<string, Row[]> = {
  status: [
    row("status --network nope", ...unknownNetwork),
    row("status --data-dir /nope/x", ...noFolder),
    row("status --data-dir /dev/null", "it is no folder"),
    otherConfig("status"),
    row("status --count 3", "--count says something about --watch only", "give --watch too"),
    row("status --count x --watch", "'--count <N>' argument 'x' is invalid"),
    row("status --interval 1x", "'--interval <TIME>' argument '1x' is invalid"),
    row("status --wide --json", "--wide and --json do not go together"),
    row("status --sort rate --json", "--sort and --json do not go together"),
    row("status --sort size", "--sort <KEY>", "Allowed choices are trouble, name, rate, delay"),
    row("status --interval 2s --no-measure", "--interval and --no-measure do not go together"),
  ],
  top: [
    row("top --network nope", ...unknownNetwork),
    row("top --data-dir /nope/x", ...noFolder),
    otherConfig("top"),
    row("top --wide --json", "--wide and --json do not go together"),
    row("top --sort rate --json", "--sort and --json do not go together"),
    row("top --interval 2s --no-measure", "do not go together"),
    row("top --count 0", "0 is not a whole number above 0"),
    row("top --watch", "unknown option '--watch'"),
  ],
  explain: [
    row("explain --pod a/b", "--pod says something about --netns only", "give --netns too"),
    row("explain --pod-uid a", "--pod-uid says something about --netns only"),
    row("explain --annotation a=b", "--annotation says something about --netns only"),
    row("explain --container-id a", "--container-id says something about --netns only"),
    row("explain --ifname eth1", "--ifname says something about --netns only"),
    row("explain --network pods", "--network says something about --netns only"),
    row("explain --pod a/b --annotation a=b", "--pod and --annotation say something"),
    row("explain --netns /x --network nope", ...unknownNetwork),
    row("explain --netns /x --annotation a", '"a" is not KEY=VALUE', "fairway.dev/tier=high"),
    row("explain --netns /x --annotation a=b --annotation a=c", "--annotation a is given twice"),
    row("explain --netns /x --pod a", '--pod "a" is not NAMESPACE/NAME', "shop/cart"),
    row("explain --netns /x --ifname a/b", '--ifname: "a/b" cannot name an interface'),
    row("explain --netns /x --container-id /", '--container-id "/" is not what'),
    row("explain --data-dir /nope/x", ...noFolder),
    otherConfig("explain --netns /x"),
  ],
  completion: [
    row("completion", "missing required argument 'SHELL'"),
    row("completion tcsh", "Allowed choices are bash, zsh, fish"),
  ],
  version: [row("version x", "too many arguments")],
  repair: [
    row("repair --network pods", ...whole),
    row("repair --data-dir /nope/x", ...noFolder),
    row("repair --cache-dir /x", "--cache-dir says something about --rebuild only"),
    row("repair --kernel-only", "--kernel-only says something about --rebuild only"),
    row("repair --rebuild --kernel-only --cache-dir /x", "do not go together", "kernel alone"),
    row("repair --rebuild --network pods", ...whole),
    row("repair x", "too many arguments"),
  ],
  gc: [
    row("gc --network pods", ...whole),
    row("gc --data-dir /nope/x", ...noFolder),
    row("gc --even-all", "--even-all says something about --cri only", "give --cri too"),
    row("gc --cri containerd.sock", "is not the address of a Unix socket", "unix:///run/"),
  ],
  set: [
    row("set", "missing required argument 'NAMESPACE/POD'"),
    row("set shop/web egress-limit=5M --network nope", ...unknownNetwork),
    row("set shop/web egress-limit=5M --data-dir /nope/x", ...noFolder),
    otherConfig("set shop/web egress-limit=5M"),
    row("set shop/web egress-limit=5M --reset", "give"),
    row("set shop/web egress-limit", "KEY=VALUE"),
  ],
  "set-capacity": [
    row("set-capacity", "give --egress RATE"),
    row("set-capacity --egress 5G --reset", "--reset alone"),
    row("set-capacity --egress fast", "--egress", "fast"),
    row("set-capacity --ingress fast", "--ingress", "fast"),
    row("set-capacity --egress 5G --network pods", ...whole),
    row("set-capacity --egress 5G --data-dir /nope/x", ...noFolder),
  ],
  doctor: [
    row("doctor --network nope --conf-dir /none", ...unknownNetwork),
    row("doctor --data-dir /nope/x", ...noFolder),
    row("doctor --bin-dir x", ...relative("--bin-dir")),
    row("doctor --conf-dir x", ...relative("--conf-dir")),
    row("doctor --network pods --conf-dir x", ...relative("--conf-dir")),
    otherConfig("doctor"),
  ],
  webhook: [
    row("webhook --namespace A", '"A" can name none', "small letters"),
    row("webhook --name a.b", '"a.b" can name none'),
    row("webhook --port 0", "0 is not a port from 1 to 65535"),
    row("webhook --tiers-from -", '"-" can name none'),
    row("webhook --kubeconfig x", ...relative("--kubeconfig")),
    row("webhook", "there is no KUBERNETES_SERVICE_HOST"),
    row("webhook x", "too many arguments"),
  ],
  agent: [
    row("agent --socket x", ...relative("--socket")),
    row("agent --data-dir x", ...relative("--data-dir")),
    row("agent --conf-dir x", ...relative("--conf-dir")),
    row("agent --repair x", "--repair <WHAT>", "Allowed choices are repair, observe"),
    row("agent --tool-limit 60s", "60s is not from 100ms to 20s"),
    row("agent --probe well", "--probe <WHAT>", "Allowed choices are ready, healthy"),
    row("agent --node node1", "--node says something about --cluster only"),
    row("agent --kubeconfig /x", "--kubeconfig says something about --cluster only"),
    row("agent --unmet-after 60s", "--unmet-after says something about --cluster only"),
    row("agent --metrics all", "--metrics <WHAT>", "Allowed choices are pods, namespaces"),
    row("agent --metrics-tls-cert /x", "--metrics-tls-cert says something about --metrics-listen"),
    row("agent --metrics-tls-key /x", "--metrics-tls-key says something about --metrics-listen"),
    row(
      "agent --metrics-listen 198.18.0.1:9464",
      "--metrics-listen says something about --cluster",
    ),
    row("agent --metrics-listen 9464", "9464 is no address and port, such as 192.0.2.1:9464"),
    row("agent --metrics-listen localhost:9464", "localhost:9464 is no address and port"),
    row("agent --metrics-listen ::1:9464", "::1:9464 is no address and port"),
    row("agent --metrics-listen 198.18.0.1:65536", "198.18.0.1:65536 is no address and port"),
    row("agent --cluster --metrics-listen [::1]:9464", "there is no port without TLS"),
    row("agent --ui 192.0.2.1:9465", "192.0.2.1 is not on the loopback", "give 127.0.0.1:9465"),
    row("agent --ui [::]:9465", ":: is not on the loopback"),
    row("agent --ui 0.0.0.0:9465", "0.0.0.0 is not on the loopback"),
    row("agent --ui localhost:9465", "localhost:9465 is no address and port"),
    row("agent --dra", "--dra says something about --cluster only"),
    row(
      "agent --cluster --node n --kubelet-dir /var/lib/kubelet",
      "--kubelet-dir says something about --dra only",
    ),
    row("agent --cluster --node node1 --unmet-after 1s", "1s is not from 10s to 3600s"),
    row("agent --cluster", "--cluster needs the name of this node"),
    row("agent --cluster --node Node_1", "is no name of a node"),
    row("agent --cluster --node node1", "there is no KUBERNETES_SERVICE_HOST"),
    row("agent --cluster --node node1 --kubeconfig x", ...relative("--kubeconfig")),
    row(
      "agent --cluster --routes bgp",
      "--routes <WHICH>",
      "Allowed choices are off, host-gateway",
    ),
    row("agent x", "too many arguments"),
  ],
  ui: [row("ui --socket x", ...relative("--socket")), row("ui x", "too many arguments")],
  install: [
    row("install --bin-dir x", ...relative("--bin-dir")),
    row("install --conf-dir x", ...relative("--conf-dir")),
    row("install --data-dir x", ...relative("--data-dir")),
    row("install --unit-dir x", ...relative("--unit-dir")),
    row("install --socket x", ...relative("--socket")),
    row(`install --socket /run/${"x".repeat(120)}`, "--socket", "at most 107 bytes"),
    row("install --socket /run/fairway/", "--socket", "cannot be a socket's path"),
    row("install --conf-file a/b", "--conf-file", "ends in .conflist"),
    row("install --conf-dir /none", "no pod subnet is given", "--subnet CIDR"),
    row("install --subnet 198.19.1.7/24", "198.19.1.7/24"),
    row(
      "install --subnet 198.19.1.0/24 --subnet 198.19.2.0/24",
      "two pod subnets of IPv4: 198.19.1.0/24 and 198.19.2.0/24",
    ),
    row("install --subnet 198.19.1.0/24 --subnet-from-node-json /x", "in more than one way"),
    row("install --subnet-from-node-json /x --subnet-from-conflist /y", "in more than one way"),
    row("install --subnet 198.19.1.0/24 --subnet-from-cluster --node a", "in more than one way"),
    row("install --subnet-from-cluster --node A/b", "cannot be a node's name", "NODE_NAME"),
    row("install --subnet-from-cluster", '"" cannot be a node\'s name', "--node NAME"),
    row(
      "install --node a --subnet 198.19.1.0/24",
      "--node says something about --subnet-from-cluster",
    ),
    row("install --kubeconfig /x", "--kubeconfig says something about --subnet-from-cluster"),
    row("install --network-name a/b", 'invalid network name "a/b"'),
    row("install --uplink a/b", '--uplink: "a/b" cannot name an interface'),
    row("install --egress-capacity fast", "--egress-capacity", "fast"),
    row("install --ingress-capacity -1G", "--ingress-capacity"),
    row("install --subnet 198.19.1.0/24 --ip-masq-except pods", "--ip-masq-except"),
    row("install --chain-way copy", "--chain-way says something about --chain only"),
    row("install --chain --chain-way x", "Allowed choices are copy, drop-in, in-place"),
    row("install --replace-bandwidth", "--replace-bandwidth says something about --chain only"),
    row("install --wait 1s", "--wait says something about --chain only"),
    row("install --chain --wait x", "'--wait <TIME>' argument 'x' is invalid"),
    row("install --chain --subnet 198.19.1.0/24", "--chain and --subnet do not go together"),
    row("install --chain --subnet-from-node-json /x", "do not go together"),
    row("install --chain --subnet-from-conflist /x", "do not go together"),
    row("install --chain --network-name x", "--chain and --network-name do not go together"),
    row("install --chain --allow-earlier", "--chain and --allow-earlier do not go together"),
  ],
  uninstall: [
    row("uninstall --bin-dir x", ...relative("--bin-dir")),
    row("uninstall --conf-dir x", ...relative("--conf-dir")),
    row("uninstall --data-dir x", ...relative("--data-dir")),
    row("uninstall --unit-dir x", ...relative("--unit-dir")),
    row("uninstall --conf-file x", "--conf-file", "ends in .conflist"),
  ],
  adopt: [
    row("adopt --network pods", ...whole),
    row("adopt --cri containerd.sock", "is not the address of a Unix socket", "unix:///run/"),
    row("adopt x", "too many arguments"),
  ],
  "kubectl status": [
    row("kubectl status x", "too many arguments"),
    row("kubectl status --wide --json", "--wide and --json do not go together"),
    row("kubectl status --sort rate --json", "--sort and --json do not go together"),
    row("kubectl status --sort size", "Allowed choices are trouble, name, rate, delay"),
    row("kubectl status --interval 20s", "20s is more than 10s, the longest that an agent looks"),
  ],
  "kubectl top": [
    row("kubectl top --wide --json", "--wide and --json do not go together"),
    row("kubectl top --sort rate --json", "--sort and --json do not go together"),
    row("kubectl top --interval 1x", "'--interval <TIME>' argument '1x' is invalid"),
    row("kubectl top --count 0", "'--count <N>' argument '0' is invalid"),
  ],
  "kubectl explain": [
    row("kubectl explain", "missing required argument 'POD'"),
    row("kubectl explain daemonset/web", "is neither POD nor deployment/NAME"),
    row("kubectl explain Web", "is neither POD nor deployment/NAME"),
  ],
  "kubectl nodes": [row("kubectl nodes node1", "too many arguments")],
  "kubectl doctor": [row("kubectl doctor node1", "too many arguments")],
  "kubectl ui": [
    row("kubectl ui", "each node has a page of its own", "give --node NAME"),
    row("kubectl ui --node node1 --port x", "x is not a port from 0 to 65535"),
  ],
  "ipam list": [
    row("ipam list --network nope", ...unknownNetwork),
    row("ipam list --data-dir /nope/x", ...noFolder),
    otherConfig("ipam list"),
  ],
  "ipam import": [
    row("ipam import", "missing required argument 'FOLDER'"),
    row("ipam import /x --data-dir /nope/x", ...noFolder),
    row("ipam import /x --network a/b", 'invalid network name "a/b"'),
  ],
  "ipam release": [
    row("ipam release", "missing required argument 'ADDRESS'"),
    row("ipam release 198.19.1", "the address", "198.19.1"),
    row("ipam release 198.19.1.2 --network nope", ...unknownNetwork),
    row("ipam release 198.19.1.2 --data-dir /nope/x", ...noFolder),
    otherConfig("ipam release 198.19.1.2"),
  ],
};

/** kubectl says what is wrong with them. */
const reach = ["--node", "--context", "--kubeconfig"];

/** Options that mean something in every call, whatever their value: a file is read, a flag is set. */
const alwaysApply: Record<string, string[]> = {
  status: ["--watch", "--pod", "--namespace"],
  top: ["--pod", "--namespace"],
  explain: ["--json"],
  repair: ["--config"],
  gc: ["--config", "--dry-run"],
  set: ["--container-id", "--dry-run", "--json"],
  "set-capacity": ["--config", "--dry-run", "--json"],
  doctor: ["--json"],
  ui: ["--json"],
  install: [
    "--dry-run",
    "--conflist",
    "--allow-earlier",
    "--launcher",
    "--agent",
    "--no-agent",
    "--without-fallback",
  ],
  uninstall: ["--dry-run", "--force", "--keep-ledger", "--stay"],
  adopt: ["--config", "--data-dir", "--cache-dir", "--dry-run", "--allow-refused"],
  "ipam list": ["--json"],
  "kubectl status": [...reach, "--namespace", "--pod"],
  "kubectl top": [...reach, "--namespace", "--pod"],
  "kubectl explain": [...reach, "--namespace", "--tiers-from", "--json"],
  "kubectl nodes": [...reach, "--json"],
  "kubectl doctor": [...reach, "--json"],
  "kubectl ui": [...reach, "--json"],
  version: ["--json"],
  "ipam import": ["--config"],
  "ipam release": ["--force"],
};

const flags = ({ command }: Leaf): string[] => command.options.map(({ long }) => long ?? "");

async function inPlace(use: (place: Place) => void): Promise<void> {
  await withNode((node) => {
    const pod = node.pod("a");
    node.add(pod);
    const config = join(node.dataDir, "plugin.json");
    writeFileSync(config, JSON.stringify(node.config));
    const empty = join(node.dataDir, "empty");
    mkdirSync(empty, { mode: 0o700 });
    use({ node, pod, config, empty });
  });
}

function call({ node }: Place, argv: string[]): CommandResult {
  const own = argv.includes("--data-dir") || withoutLedger.test(argv[0] ?? "");
  return inNamespace(node.lab.node, [
    binary,
    ...argv,
    ...(own ? [] : ["--data-dir", node.dataDir]),
  ]);
}

/** SQLite's own files beside the ledger come and go with who looks. */
const state = ({ node }: Place): string =>
  dumpNode(node.lab.node) + dumpFiles(node.dataDir).replace(/^.*\.db-(wal|shm).*\n/gm, "");

function expectRefused(place: Place, argv: string[], says: readonly string[]): void {
  const title = argv.join(" ");
  const { code, stdout, stderr } = call(place, argv);
  expect({ title, code, stdout, stderr }).toMatchObject({ code: 2, stdout: "" });
  for (const each of says) expect(stderr, title).toContain(each);
}

describe("what does not apply, or cannot be read", () => {
  test.each(tested.map((leaf) => [leaf.name, leaf] as const))("%s", (name) =>
    inPlace((place) => {
      const before = state(place);
      for (const { argv, says } of rows[name] ?? []) expectRefused(place, argv(place), says);
      expect(state(place)).toBe(before);
    }),
  );
});

/** With a living pod it may be a ledger that was lost, which the commands themselves tell. */
test("a folder with others' files, and no ledger, on a node without pods", () =>
  withNode((node) => {
    writeFileSync(join(node.dataDir, "notes"), "");
    const place = { node, pod: node.pod("a"), config: "", empty: "" };
    for (const line of ["status", "top --count 1", "explain", "ipam release 198.19.1.2"])
      expectRefused(place, line.split(" "), [
        `--data-dir "${node.dataDir}": there are files in it, and no ledger among them`,
        '"dataDir"',
      ]);
    expect(readdirSync(node.dataDir)).toEqual(["notes"]);
  }));

test("each option has a row, or is one that always applies", () => {
  for (const leaf of tested) {
    const place = { config: "", empty: "" } as Place;
    const given = (rows[leaf.name] ?? []).flatMap(({ argv }) => argv(place));
    const known = new Set([...given, ...(alwaysApply[leaf.name] ?? [])]);
    expect({ [leaf.name]: flags(leaf).filter((flag) => !known.has(flag)) }).toEqual({
      [leaf.name]: [],
    });
  }
});

test("commander's own refusals, of every command and option", () =>
  inPlace((place) => {
    const before = state(place);
    expectRefused(place, ["statsu"], ["unknown command 'statsu'"]);
    for (const argv of [[], ["ipam"], ["kubectl"], ["help", "nope"]])
      expect(inNamespace(place.node.lab.node, [binary, ...argv])).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringContaining("Usage: fairway"),
      });
    for (const { name, command } of all) {
      // What `prove` gets it hands on, and its own tests tell.
      if (name === "prove") continue;
      const argv = name.split(" ");
      const operands = command.registeredArguments.map(() => "x");
      expectRefused(place, [...argv, ...operands, "--nope"], ["unknown option '--nope'"]);
      for (const { long, required } of command.options) {
        const flag = long ?? "";
        const { code, stdout } = inNamespace(
          place.node.lab.node,
          required ? [binary, ...argv, ...operands, flag] : [binary, ...argv, `${flag}=yes`],
        );
        expect({ name, flag, code, stdout }).toEqual({ name, flag, code: 2, stdout: "" });
      }
    }
    expect(state(place)).toBe(before);
  }));

describe("no wrong usage", () => {
  const right: [string, (place: Place) => string[], number, string?][] = [
    ["the version", () => ["--version"], 0],
    ["help", () => ["status", "--help"], 0],
    ["a network that is known", () => ["status", "--no-measure", "--network", "pods"], 0],
    [
      "a network of the configuration",
      ({ config }) => ["doctor", "--config", config, "--network", "pods"],
      0,
    ],
    [
      "a folder that an installation has, before its first ADD",
      ({ node, pod, empty }) => {
        node.del(pod);
        writeFileSync(join(empty, "install.json"), "{}");
        return ["status", "--data-dir", empty];
      },
      0,
      "no network yet",
    ],
    [
      "a configuration before its first ADD",
      ({ node, pod, config }) => {
        node.del(pod);
        const { netns } = node.pod("b");
        return ["explain", "--config", config, "--netns", netns, "--data-dir", "/nope/x"];
      },
      0,
    ],
    [
      "an uninstall of what is gone already",
      ({ node, pod, empty }) => {
        node.del(pod);
        const folders = [
          "--data-dir",
          join(empty, "x"),
          "--conf-dir",
          "/none",
          "--bin-dir",
          "/none",
        ];
        return ["uninstall", ...folders, "--dry-run"];
      },
      0,
    ],
    [
      "a configuration that cannot be read",
      () => ["status", "--config", "/nope.conf"],
      1,
      "cannot read /nope.conf",
    ],
    [
      "a drift",
      ({ node }) => {
        node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:10");
        return ["explain"];
      },
      3,
    ],
  ];
  test.each(right)("%s", (_, argv, wanted, says = "") =>
    inPlace((place) => {
      const { code, stdout, stderr } = call(place, argv(place));
      expect({ code, stdout, stderr }).toMatchObject({ code: wanted });
      expect(stdout + stderr).toContain(says);
    }),
  );
});

test("status --network shows that network's pods, and the trees whole", () =>
  withNode((node) => {
    node.add(node.pod("a"), { annotations: { "fairway.dev/egress-guarantee": "20M" } });
    const other = { name: "others", ipam: { subnet: "198.19.2.0/24" } };
    node.add(node.pod("b"), {
      config: other,
      annotations: { "fairway.dev/egress-guarantee": "30M" },
    });
    const shown = node.fairway("status", "--no-measure", "--json", "--network", "others");
    expect(shown.code).toBe(0);
    const { pods, pools, trees } = JSON.parse(shown.stdout) as {
      pods: { attachment: string }[];
      pools: { network: string }[];
      trees: { promisedBits: number }[];
    };
    expect(pods.map(({ attachment }) => attachment)).toEqual(["others/b/eth0"]);
    expect(pools.map(({ network }) => network)).toEqual(["others"]);
    expect(trees[0]?.promisedBits).toBe(50e6);
    const text = node.fairway("status", "--no-measure", "--wide", "--network", "pods").stdout;
    expect(text).toContain("198.19.1.2");
    expect(text).not.toContain("198.19.2.2");
  }));
