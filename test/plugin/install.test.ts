/** `install`, an upgrade over living pods, `uninstall`: on a node of its own, in folders of its own. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { version } from "../../src/ops/version.ts";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { binary, repository } from "../support/binary.ts";
import {
  anotherBuild,
  capacities,
  type Json,
  must,
  plain,
  refused,
  refusedWith,
  type Site,
  usualPath,
  withSite,
} from "../support/site.ts";
import { withTraffic } from "../support/traffic.ts";

test("docs/install.md shows what install prints, in its order", () =>
  withSite((site) => {
    for (const folder of ["opt", "etc", "var/lib"])
      mkdirSync(join(site.root, folder), { recursive: true });
    const page = readFileSync(join(repository, "docs/install.md"), "utf8");
    const shown = /^# fairway install (--subnet .*)\n([\s\S]*?)^# fairway install\n(.*)\n/m.exec(
      page,
    );
    const [, options = "", first = "", second = ""] = shown ?? [];
    const asPage = (printed: string): string =>
      printed.replaceAll(site.root, "").replaceAll("uplink uplink", "uplink eth0");
    const done = must(site.install(...options.split(" "), "--uplink", "uplink"));
    expect(asPage(done)).toBe(first);
    expect(asPage(must(site.install()))).toBe(`${second}\n`);
  }));

test("install, pods, uninstall: links, addresses, routes, qdiscs, nftables, sysctls and files are as before", () =>
  withSite((site) => {
    const { lab, run } = site;
    // What forwarding moves along when it is switched, and is not what it is by default.
    run("sysctl", "-qw", "net.ipv4.ip_forward=0");
    run("sysctl", "-qw", "net.ipv4.conf.all.accept_redirects=0");
    run("sysctl", "-qw", "net.ipv4.conf.uplink.forwarding=1");
    run("sysctl", "-qw", "net.bridge.bridge-nf-call-ip6tables=0");
    const before = site.whole();
    expect(must(site.install(...plain))).toContain(
      `write ${site.full} (${version})\nwrite ${site.plugin} (the launcher)\n`,
    );
    expect(readlinkSync(join(site.binDir, "fairway-ipam"))).toBe("fairway");
    expect(statSync(site.dataDir).mode & 0o777).toBe(0o700);
    // The kernel is the first ADD's.
    expect(site.whole().split("\n===\n").slice(0, 3)).toEqual(before.split("\n===\n").slice(0, 3));

    const conflist = JSON.parse(readFileSync(site.conf, "utf8")) as { plugins: Json[] };
    conflist.plugins = conflist.plugins.map((each) => ({
      ...each,
      uplink: { ...(each.uplink as Json), gsoMaxSize: 9000 },
    }));
    writeFileSync(site.conf, JSON.stringify(conflist));
    const pods = ["a", "b"].map((name) => lab.addPod(name));
    for (const pod of pods) must(site.verb("ADD", pod));
    const full = site.run("ip", "-d", "link", "show", "dev", "uplink");
    expect(full).toContain("gso_max_size 9000");
    expect(run("cat", "/proc/sys/net/ipv4/conf/all/accept_redirects").trim()).toBe("0");
    expect(run("cat", "/proc/sys/net/ipv4/ip_forward").trim()).toBe("1");

    const living = site.state();
    refused(site.uninstall(), "2 pods live on this node", "kubectl drain", "--force");
    expect(site.state()).toBe(living);
    for (const pod of pods) must(site.verb("DEL", pod));
    const bare = site.state();
    expect(must(site.uninstall("--dry-run"))).toContain("remove bridge fw0");
    expect(site.state()).toBe(bare);
    const said = must(site.uninstall());
    expect(said).toContain("set back sysctl net.ipv4.ip_forward to 0");
    expect(said).not.toContain("not put back");
    expect(site.whole()).toBe(before);
    // Without an installation the folder has to be named, or it is the machine's own.
    expect(must(site.uninstall("--data-dir", site.dataDir))).toBe(
      "nothing to do: Fairway is not on this node\n",
    );
    expect(site.whole()).toBe(before);
  }));

const guarantee = { "fairway.dev/egress-guarantee": "15M" };
const port = 7000;

interface Connection {
  /** Both ends' addresses and ports. */
  ends: string;
  bytes: number;
}

/** What the remote host has open, with what it has received by each. */
function connections({ lab }: Site): Connection[] {
  const shown = mustInNamespace(lab.remote, ["ss", "-HtinO", "state", "established"]);
  return shown
    .split("\n")
    .filter((line) => line.includes(`:${port} `))
    .map((line) => ({
      ends: line.split(/\s+/).slice(2, 4).join(" "),
      bytes: Number(/bytes_received:(\d+)/.exec(line)?.[1] ?? 0),
    }))
    .sort((a, b) => (a.ends < b.ends ? -1 : 1));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not within 30 s: ${what}`);
    await Bun.sleep(50);
  }
}

test(
  "an upgrade over 20 living pods under traffic: no connection breaks, no promise is lost, the plugin is always there",
  () =>
    withSite(async (site) => {
      const { lab, root, plugin, full } = site;
      const before = site.whole();
      must(site.install(...plain));
      const pods = Array.from({ length: 20 }, (_, i) => lab.addPod(`p${i}`));
      for (const pod of pods) must(site.verb("ADD", pod, guarantee));
      const other = join(root, "other-build");
      anotherBuild(other);
      await withTraffic(async (start) => {
        const forMs = 60_000;
        await start(lab.remote, { role: "tcp-sink", port, forMs, everyMs: 1000 });
        for (const pod of pods)
          await start(pod, { role: "tcp-source", host: addresses.remote, port, flows: 1, forMs });
        await until("every pod sends", () => {
          const open = connections(site);
          return open.length === pods.length && open.every(({ bytes }) => bytes > 0);
        });
        const sending = connections(site);
        const inForce = site.network();
        expect(inForce.match(/class htb fa01:[0-9a-f]{2} .*rate 15Mbit/g)?.length).toBe(20);

        // The old one at work throughout, and the file called again and again.
        const old = Bun.spawn(
          [
            "ip",
            "netns",
            "exec",
            lab.node,
            plugin,
            "top",
            "--interval",
            "500ms",
            "--count",
            "3",
          ].concat(["--data-dir", site.dataDir]),
          { stdout: "ignore", stderr: "inherit" },
        );
        const stop = join(root, "stop");
        const calls = Bun.spawn(
          [
            "sh",
            "-c",
            `while [ ! -e ${stop} ]; do ${plugin} < /dev/null > /dev/null || exit 1; echo; done`,
          ],
          { env: { CNI_COMMAND: "VERSION" }, stdin: "ignore", stdout: "pipe", stderr: "inherit" },
        );
        const oldInode = statSync(full).ino;
        const { folders } = site;
        const upgraded = must(site.fairway(other, "install", ...folders));
        writeFileSync(stop, "");
        expect(upgraded).toStartWith(`replace ${full} (${version} by ${version})\n`);
        expect(upgraded).not.toContain("note:");
        expect(statSync(full).ino).not.toBe(oldInode);
        expect(readFileSync(full).equals(readFileSync(other))).toBe(true);
        expect(await calls.exited).toBe(0);
        expect((await new Response(calls.stdout).text()).length).toBeGreaterThan(0);
        expect(await old.exited).toBe(0);
        expect(must(site.fairway(other, "install", ...folders))).toStartWith("nothing changed: ");

        expect(site.network()).toBe(inForce);
        const after = connections(site);
        expect(after.map(({ ends }) => ends)).toEqual(sending.map(({ ends }) => ends));
        await until("every connection goes on", () =>
          connections(site).every(({ bytes }, i) => bytes > (after[i]?.bytes ?? Infinity)),
        );
        expect(
          must(inNamespace(lab.node, [plugin, "explain", "--data-dir", site.dataDir])),
        ).toContain("nothing to do");
      });
      rmSync(join(root, "stop"));
      rmSync(other);
      // The new one takes over: DEL of what the old one added, then all of it away.
      for (const pod of pods) must(site.verb("DEL", pod));
      must(site.uninstall());
      expect(site.whole()).toBe(before);
    }),
  120_000,
);

interface Refusal {
  title: string;
  /** Before the run. */
  prepare?: (site: Site) => void;
  args: (site: Site) => string[];
  says: string[];
  /** Whether the call itself is wrong, whatever the node is like. */
  isUsage?: true;
}

const writeIn = (folder: string, name: string, text: string): string => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const conflistOf = (...types: string[]): string =>
  JSON.stringify({
    ...{ cniVersion: "1.0.0", name: "other" },
    plugins: types.map((type) => ({ type })),
  });
const nodeJson = (object: Json) => (site: Site) => [
  ...["--subnet-from-node-json", writeIn(site.root, "node.json", JSON.stringify(object))],
  ...[...plain].slice(2),
];
const ownConflist = (object: Json) => (site: Site) => [
  ...["--conflist", writeIn(site.root, "own.conflist", JSON.stringify(object))],
];
const ownEntry: Json = { type: "fairway", ipam: { subnet: "198.19.1.0/24" } };
const chainOf = (...chain: Json[]) =>
  ownConflist({ name: "x", cniVersion: "1.0.0", plugins: chain });

const refusals: Refusal[] = [
  {
    title: "no subnet",
    isUsage: true,
    args: () => plain.slice(2),
    says: ["no pod subnet is given", "--subnet-from-node-json"],
  },
  {
    title: "a subnet with host bits",
    isUsage: true,
    args: () => ["--subnet", "198.19.1.7/24", ...plain.slice(2)],
    says: ["198.19.1.7/24"],
  },
  {
    title: "two subnets of a family",
    isUsage: true,
    args: () => ["--subnet", "198.19.2.0/24", ...plain],
    says: ["two pod subnets of IPv4: 198.19.2.0/24 and 198.19.1.0/24"],
  },
  {
    title: "a subnet given in two ways",
    isUsage: true,
    args: (site) => [...nodeJson({})(site), ...plain],
    says: ["given in more than one way"],
  },
  {
    title: "a list of nodes",
    args: nodeJson({ kind: "List", items: [] }),
    says: ['is of kind "List", not a Node', "kubectl get node NAME -o json"],
  },
  {
    title: "a node without subnets",
    args: nodeJson({ kind: "Node", spec: {} }),
    says: ["neither spec.podCIDRs nor spec.podCIDR", "--allocate-node-cidrs"],
  },
  {
    title: "a conflist that gives no addresses",
    args: (site) => [
      ...["--subnet-from-conflist", writeIn(site.root, "x.conflist", conflistOf("loopback"))],
      ...plain.slice(2),
    ],
    says: ['no plugin in it has a subnet under "ipam"'],
  },
  {
    title: "an uplink that is not there",
    args: () => ["--subnet", addresses.podSubnet, "--uplink", "eth77", ...capacities],
    says: ["there is no interface eth77"],
  },
  {
    title: "no capacity",
    args: () => plain.slice(0, 4),
    says: ["uplink.egressCapacity is not set", "is a veth"],
  },
  {
    title: "an uplink with somebody's root qdisc",
    prepare: ({ run }) =>
      void run("tc", "qdisc", "replace", "dev", "uplink", "root", "handle", "7:", "htb"),
    args: () => plain,
    says: ["the root qdisc of uplink is htb 7:", "tc qdisc del dev uplink root"],
  },
  {
    title: "an uplink with somebody's queue below its root",
    prepare: ({ run }) => {
      run(..."ip tuntap add mode tap multi_queue name wan".split(" "));
      run(..."ip link set dev wan up".split(" "));
      run(..."tc qdisc replace dev wan root handle 1: mq".split(" "));
      run(..."tc qdisc replace dev wan parent 1:1 handle 11: pfifo limit 10".split(" "));
    },
    args: () => ["--subnet", addresses.podSubnet, "--uplink", "wan", ...capacities],
    says: ["the root qdisc of wan is mq 1: (with pfifo 11: at 1:1 below it)"],
  },
  {
    title: "somebody's bridge of our name",
    prepare: ({ run }) => {
      run(..."ip link add name fw0 type bridge".split(" "));
      run(..."ip link add name vm0 type veth peer name vm1".split(" "));
      run(..."ip link set dev vm0 master fw0".split(" "));
    },
    args: () => plain,
    says: ["there is a bridge fw0 already, which is not Fairway's", "with the port vm0"],
  },
  {
    title: "an own conflist that is not JSON",
    args: (site) => ["--conflist", writeIn(site.root, "own.conflist", "{")],
    says: ["own.conflist is not JSON"],
  },
  {
    title: "an own conflist without the plugin",
    args: ownConflist({ name: "x", cniVersion: "1.0.0", plugins: [{ type: "bridge" }] }),
    says: ["has 0 plugins of type fairway, of 1"],
  },
  {
    title: "an own conflist with an unknown key, and all that is wrong at once",
    args: ownConflist({
      ...{ name: "x", cniVersion: "1.0.0" },
      plugins: [{ type: "fairway", bridgee: "b", ipam: { subnet: "198.19.1.0/33" } }],
    }),
    says: ["bridgee", "198.19.1.0/33"],
  },
  {
    title: "an own conflist with a version that is not known",
    args: ownConflist({
      ...{ name: "x", cniVersion: "1.0.0", cniVersions: ["1.0.0", "9.0.0"] },
      plugins: [{ type: "fairway", ipam: { subnet: "198.19.1.0/24" } }],
    }),
    says: ["incompatible CNI versions", '"9.0.0"'],
  },
  {
    title: "the reference bandwidth plugin behind ours",
    args: chainOf(ownEntry, { type: "bandwidth", capabilities: { bandwidth: true } }),
    says: [
      "limits pods beside Fairway: plugins[1] is the reference plugin bandwidth",
      "take it out",
    ],
  },
  {
    title: "the reference bandwidth plugin before ours, with rates of its own",
    args: chainOf({ type: "bandwidth", ingressRate: 1e6, ingressBurst: 1e6 }, ownEntry),
    says: ["plugins[0] is the reference plugin bandwidth"],
  },
  {
    title: "every plugin that limits pods, in a chain of many",
    args: chainOf(
      { type: "bridge", ipam: { type: "host-local", subnet: "198.19.1.0/24" } },
      { type: "tuning" },
      { type: "cilium-cni", capabilities: { bandwidth: true } },
      { type: "fairway", capabilities: { bandwidth: true } },
      { type: "bandwidth" },
    ),
    says: [
      'plugins[2], cilium-cni, asks for the capability "bandwidth"; plugins[4] is the reference',
    ],
  },
  {
    title: "an own conflist that is not there",
    args: () => ["--conflist", "/nonexistent/x.conflist"],
    says: ["cannot read /nonexistent/x.conflist"],
  },
  {
    title: "a conflist of another plugin that sorts before ours",
    prepare: ({ confDir }) => void writeIn(confDir, "05-other.conflist", conflistOf("bridge")),
    args: () => plain,
    says: [
      "05-other.conflist (network other: bridge)",
      "sorts before 10-fairway.conflist",
      "--allow-earlier",
    ],
  },
  {
    title: "a file before ours that no runtime can load",
    prepare: ({ confDir }) => void writeIn(confDir, "05-other.conf", "{"),
    args: () => plain,
    says: ["05-other.conf (which no runtime can load"],
  },
  {
    title: "somebody else's conflist under our name",
    prepare: ({ confDir }) => void writeIn(confDir, "10-fairway.conflist", conflistOf("bridge")),
    args: () => plain,
    says: ["is no conflist with a plugin of type fairway", "it is not overwritten"],
  },
  {
    title: "somebody else's executable under our name",
    prepare: ({ binDir }) => void writeIn(binDir, "fairway", "#!/bin/sh\n"),
    args: () => plain,
    says: ["is no Fairway", "it is not overwritten"],
  },
  {
    title: "a link under our name",
    prepare: ({ binDir }) => {
      mkdirSync(binDir, { recursive: true });
      symlinkSync(binary, join(binDir, "fairway"));
    },
    args: () => plain,
    says: ["is a link to"],
  },
  {
    title: "somebody else's fairway-ipam",
    prepare: ({ binDir }) => void writeIn(binDir, "fairway-ipam", "#!/bin/sh\n"),
    args: () => plain,
    says: ["fairway-ipam is there, and is no link to fairway"],
  },
  {
    title: "a ledger's folder that everyone may write to",
    prepare: ({ dataDir }) => {
      mkdirSync(dataDir, { recursive: true });
      chmodSync(dataDir, 0o777);
    },
    args: () => plain,
    says: ["is writable by everyone", "chmod 0700"],
  },
  {
    title: "a folder that cannot be made: what was done until then is undone",
    args: () => [...plain, "--data-dir", "/proc/fairway"],
    says: ["could not make /proc/fairway", "nothing was changed"],
  },
  {
    title: "a file where a folder has to be",
    prepare: ({ root }) => void writeIn(join(root, "etc"), "cni", "in the way"),
    args: () => plain,
    says: ["cannot look at", "10-fairway.conflist"],
  },
  {
    title: "a relative folder",
    isUsage: true,
    args: () => [...plain, "--bin-dir", "bin"],
    says: ["--bin-dir", "is not an absolute path"],
  },
  {
    title: "a conflist's name that runtimes do not load",
    isUsage: true,
    args: () => [...plain, "--conf-file", "fairway.bak"],
    says: ["--conf-file", "ends in .conflist"],
  },
];

describe("install refuses, and changes nothing", () => {
  test.each(refusals.map((each) => [each.title, each] as const))(
    "%s",
    (_, { prepare, args, says, isUsage }) =>
      withSite((site) => {
        prepare?.(site);
        const given = args(site);
        const before = site.whole();
        refusedWith(isUsage === true ? 2 : 1, site.install(...given), ...says);
        expect(site.whole()).toBe(before);
      }),
  );
});

const installed = (site: Site): Json =>
  ((JSON.parse(readFileSync(site.conf, "utf8")) as Json).plugins as Json[])[0] as Json;

describe("where the pod subnet comes from", () => {
  const node = { kind: "Node", spec: { podCIDR: "198.19.9.0/24", podCIDRs: ["198.19.9.0/24"] } };
  const bridge = {
    ...{ cniVersion: "1.0.0", name: "other" },
    plugins: [
      { type: "loopback" },
      {
        type: "bridge",
        ipam: { type: "host-local", ranges: [[{ subnet: "198.19.9.0/24" }]] },
      },
    ],
  };
  test.each<[string, (site: Site) => CommandResult]>([
    ["a node's object", (site) => site.install(...nodeJson(node)(site))],
    [
      "a node's object with podCIDR alone",
      (site) =>
        site.install(...nodeJson({ kind: "Node", spec: { podCIDR: "198.19.9.0/24" } })(site)),
    ],
    [
      "a node's object on standard input",
      (site) => {
        const args = ["--bin-dir", site.binDir, "--conf-dir", site.confDir];
        const from = ["--data-dir", site.dataDir, "--subnet-from-node-json", "-"];
        return inNamespace(
          site.lab.node,
          [binary, "install", ...args, ...from, ...plain.slice(2)],
          { stdin: JSON.stringify(node) },
        );
      },
    ],
    [
      "another plugin's conflist",
      (site) =>
        site.install(
          ...["--subnet-from-conflist", writeIn(site.root, "x", JSON.stringify(bridge))],
          ...plain.slice(2),
        ),
    ],
    [
      "over that of an own conflist",
      (site) =>
        site.install(
          ...ownConflist({
            ...{ name: "x", cniVersion: "1.0.0" },
            plugins: [{ type: "fairway", ipam: { subnet: "198.19.1.0/24" } }],
          })(site),
          ...["--subnet", "198.19.9.0/24", ...plain.slice(2)],
        ),
    ],
  ])("%s", (_, install) =>
    withSite((site) => {
      expect(must(install(site))).toContain("198.19.9.0/24, uplink uplink, egress 400Mbit/s");
      expect((installed(site).ipam as Json).subnet).toBe("198.19.9.0/24");
      expect(site.verb("ADD", site.lab.addPod("a")).stdout).toContain("198.19.9.2/24");
    }),
  );
});

test("a run with nothing to do changes nothing and says so; an option changes what it names; --dry-run does nothing", () =>
  withSite((site) => {
    expect(must(site.install(...plain, "--dry-run"))).toContain("nothing was done: --dry-run");
    expect(site.files()).toBe("");
    must(site.install(...plain));
    const first = site.files();
    expect(must(site.install(...plain))).toStartWith(`nothing changed: ${version} is installed`);
    expect(must(site.install())).toStartWith(`nothing changed: ${version} is installed`);
    expect(site.files()).toBe(first);
    // What the operator wrote stays; an option goes into it.
    const edited = JSON.parse(readFileSync(site.conf, "utf8")) as { plugins: Json[] };
    const [own] = edited.plugins;
    edited.plugins = [{ ...own, defaultTier: "t", tiers: { t: {} } }];
    writeFileSync(site.conf, JSON.stringify(edited));
    const text = readFileSync(site.conf, "utf8");
    expect(must(site.install())).toStartWith("nothing changed");
    expect(readFileSync(site.conf, "utf8")).toBe(text);
    expect(must(site.install("--egress-capacity", "300M"))).toStartWith(`replace ${site.conf}\n`);
    expect(installed(site)).toMatchObject({
      defaultTier: "t",
      uplink: { name: "uplink", egressCapacity: "300M", ingressCapacity: "400M" },
    });
    const except = ["--ip-masq-except", "198.19.0.0/17", "--ip-masq-except", "fd00::/48"];
    expect(must(site.install(...except))).toStartWith(`replace ${site.conf}\n`);
    expect(installed(site)).toMatchObject({ ipMasqExcept: ["198.19.0.0/17", "fd00::/48"] });
    expect(must(site.install(...except))).toStartWith("nothing changed");
    // An own conflist is taken byte for byte.
    const given = `${text}\n\n`;
    must(site.install("--conflist", writeIn(site.root, "own.conflist", given)));
    expect(readFileSync(site.conf, "utf8")).toBe(given);
    expect(statSync(site.conf).mode & 0o777).toBe(0o600);
    // Somewhere else would leave the former place behind.
    refused(site.install("--bin-dir", join(site.root, "elsewhere")), "fairway uninstall");
  }));

test("on a node with pods: another uplink is refused, a full pool is a note", () =>
  withSite((site) => {
    must(site.install("--subnet", "198.19.1.0/30", ...plain.slice(2)));
    must(site.verb("ADD", site.lab.addPod("a")));
    site.run("ip", "link", "add", "name", "second", "type", "bridge");
    const before = site.state();
    refused(
      site.install("--uplink", "second"),
      "1 pods of this node are promised their shares on uplink uplink, and second is asked for",
    );
    expect(site.state()).toBe(before);
    expect(must(site.install())).toMatch(/note: .*no free address[\s\S]*nothing changed/);
  }));

test("with --allow-earlier another conflist may come first, and a chain's missing plugin is told", () =>
  withSite((site) => {
    writeIn(site.confDir, "00-multus.conf", JSON.stringify({ name: "m", type: "multus" }));
    const conflist = {
      ...{ name: "x", cniVersion: "1.0.0" },
      plugins: [
        { type: "fairway", ipam: { subnet: "198.19.1.0/24" } },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    };
    const said = must(
      site.install("--allow-earlier", ...ownConflist(conflist)(site), ...plain.slice(2)),
    );
    expect(said).toContain("note: 00-multus.conf (network m: multus)");
    expect(said).toContain("note: the conflist names the plugin portmap");
    must(site.uninstall());
    expect(readdirSync(site.confDir)).toEqual(["00-multus.conf"]);
  }));

test("what a run that died left is removed by the next; what a living one has stays", () =>
  withSite((site) => {
    must(site.install(...plain));
    const first = site.files();
    const dead = writeIn(site.binDir, ".fairway.4194305.new", "half");
    const alive = writeIn(site.binDir, `.fairway.${process.pid}.new`, "half");
    expect(must(site.install())).toContain(`remove ${dead}`);
    rmSync(alive);
    expect(site.files()).toBe(first);
  }));

describe("uninstall", () => {
  test("with --force it takes the pods' network; their namespaces stay", () =>
    withSite((site) => {
      const before = site.whole();
      must(site.install(...plain));
      const pods = ["a", "b"].map((name) => site.lab.addPod(name));
      for (const pod of pods) must(site.verb("ADD", pod, guarantee));
      const said = must(site.uninstall("--force"));
      expect(said).toContain(
        `note: 2 pods lived, and have no network now, or no promise: pods/${pods[0]}/eth0, pods/${pods[1]}/eth0; delete them`,
      );
      expect(site.whole()).toBe(before);
      for (const pod of pods)
        expect(mustInNamespace(pod, ["ip", "-o", "link", "show"])).not.toContain("eth0");
    }));

  test("pods whose namespace is gone are no reason to refuse", () =>
    withSite((site) => {
      const before = site.whole();
      must(site.install(...plain));
      const pod = site.lab.addPod("a");
      must(site.verb("ADD", pod));
      mustInNamespace(site.lab.node, ["ip", "netns", "del", pod]);
      must(site.uninstall());
      expect(site.whole()).toBe(before);
    }));

  test("a root qdisc that somebody had put there comes back under its handle, and what does not is said", () =>
    withSite((site) => {
      site.run(..."tc qdisc add dev uplink root handle 8001: pfifo_fast".split(" "));
      const before = site.whole();
      must(site.install(...plain));
      const pod = site.lab.addPod("a");
      must(site.verb("ADD", pod));
      must(site.verb("DEL", pod));
      expect(must(site.uninstall())).not.toContain("not put back");
      expect(site.whole()).toBe(before);
    }));

  test("a root with a queue for each of the device's queues is the kernel's again", () =>
    withSite((site) => {
      // A tap has real queues, unlike a veth.
      site.run(..."ip tuntap add mode tap multi_queue name wan".split(" "));
      site.run(..."ip link set dev wan up".split(" "));
      const before = site.whole();
      expect(site.run("tc", "qdisc", "show", "dev", "wan")).toStartWith("qdisc mq 0: root");
      must(site.install("--subnet", addresses.podSubnet, "--uplink", "wan", ...capacities));
      const pod = site.lab.addPod("a");
      must(site.verb("ADD", pod));
      expect(site.run("tc", "qdisc", "show", "dev", "wan")).toStartWith("qdisc tbf fa00: root");
      must(site.verb("DEL", pod));
      expect(must(site.uninstall())).not.toContain("not put back");
      expect(site.whole()).toBe(before);
    }));

  test("with --keep-ledger the next install goes on with it", () =>
    withSite((site) => {
      must(site.install(...plain));
      const pod = site.lab.addPod("a");
      must(site.verb("ADD", pod));
      must(site.verb("DEL", pod));
      expect(must(site.uninstall("--keep-ledger"))).toContain("kept:");
      expect(existsSync(join(site.dataDir, "ledger.db"))).toBe(true);
      const bare = site.network();
      // Nothing is in force any more, so nothing is mended.
      expect(must(site.fairway(binary, "repair", "--data-dir", site.dataDir))).toContain(
        "nothing to do",
      );
      expect(site.network()).toBe(bare);
      must(site.install(...plain));
      // Round robin goes on where it stood.
      expect(must(site.verb("ADD", pod))).toContain("198.19.1.3/24");
      must(site.verb("DEL", pod));
      must(site.uninstall());
      expect(existsSync(site.dataDir)).toBe(false);
    }));

  test("without a ledger it removes what bears our names, and says what nobody knows any more", () =>
    withSite((site) => {
      site.run("sysctl", "-qw", "net.ipv4.ip_forward=0");
      const before = site.network();
      must(site.install(...plain));
      const pod = site.lab.addPod("a");
      must(site.verb("ADD", pod));
      rmSync(join(site.dataDir, "ledger.db"));
      for (const each of ["wal", "shm"])
        rmSync(join(site.dataDir, `ledger.db-${each}`), { force: true });
      const living = site.whole();
      refused(
        site.uninstall(),
        "1 pod lives on this node",
        "has no row of 1: fwv10 (",
        "--rebuild",
      );
      expect(site.whole()).toBe(living);
      // No DEL knows of it any more: it goes with its namespace.
      mustInNamespace(site.lab.node, ["ip", "netns", "del", pod]);
      const said = must(site.uninstall());
      expect(said).toContain("not put back: no ledger says what was there before Fairway");
      site.run("sysctl", "-qw", "net.ipv4.ip_forward=0");
      expect(site.network()).toBe(before.replace("\n0\n1", "\n0\n1"));
      expect(site.files()).toBe("");
    }));

  test("a damaged ledger stands in the way, but for --force", () =>
    withSite((site) => {
      must(site.install(...plain));
      must(site.verb("ADD", site.lab.addPod("a")));
      for (const each of ["wal", "shm"])
        rmSync(join(site.dataDir, `ledger.db-${each}`), { force: true });
      writeFileSync(
        join(site.dataDir, "ledger.db"),
        "no database, for as long as it takes".repeat(50),
      );
      const before = site.whole();
      refused(site.uninstall(), "ledger.db");
      expect(site.whole()).toBe(before);
      const said = must(site.uninstall("--force"));
      expect(said).toContain("note: the ledger was not read");
      expect(said).toMatch(/note: 1 pod lived, and has no network now, or no promise: fwv10 \(/);
      expect(site.files()).toBe("");
    }));

  test("somebody else's files under our names stay, and folders that hold something", () =>
    withSite((site) => {
      must(site.install(...plain));
      writeIn(site.confDir, "10-fairway.conflist", conflistOf("bridge"));
      writeIn(site.binDir, "portmap", "x");
      rmSync(join(site.binDir, "fairway-ipam"));
      writeIn(site.binDir, "fairway-ipam", "x");
      const said = must(site.uninstall("--data-dir", site.dataDir));
      expect(said).toContain(`kept: ${site.conf}: it is no conflist with a plugin of type fairway`);
      expect(said).toContain(
        `kept: ${join(site.binDir, "fairway-ipam")}: it is no link to fairway`,
      );
      expect(readdirSync(site.binDir).sort()).toEqual(["fairway-ipam", "portmap"]);
      expect(existsSync(site.conf)).toBe(true);
      expect(existsSync(join(site.root, "var"))).toBe(false);
    }));

  test("a bridge that was there before us stays, with its own settings", () =>
    withSite((site) => {
      site.run(..."ip link add name fw0 address 02:00:00:00:00:01 mtu 1400 type bridge".split(" "));
      site.run(..."ip link set dev fw0 up".split(" "));
      // Its gso_max_size is the kernel's: it follows the ports that a bridge has had.
      const before = site.network();
      must(site.install(...plain));
      const pod = site.lab.addPod("a");
      must(site.verb("ADD", pod));
      must(site.verb("DEL", pod));
      expect(must(site.uninstall())).toContain("set back bridge fw0");
      expect(site.network()).toBe(before);
    }));
});

test("what was there before is known, and put back, when the first ADD died in the middle of its changes", () =>
  withSite((site) => {
    site.run("sysctl", "-qw", "net.ipv4.ip_forward=0");
    const before = site.whole();
    must(site.install(...plain));
    const tools = join(site.root, "tools");
    // Sysctls are set when the trees' turn comes.
    writeIn(
      tools,
      "tc",
      '#!/bin/sh\ninput=$(cat)\ncase "$input" in *fa00:*) kill -9 $PPID ;; esac\nprintf "%s\\n" "$input" | /usr/sbin/tc "$@"\n',
    );
    chmodSync(join(tools, "tc"), 0o755);
    const pod = site.lab.addPod("a");
    const died = site.verb(
      "ADD",
      pod,
      {},
      { PATH: `${tools}:${usualPath}`, FAIRWAY_BACKEND: "exec" },
    );
    expect(died.code).not.toBe(0);
    expect(died.stdout).toBe("");
    expect(site.run("cat", "/proc/sys/net/ipv4/ip_forward").trim()).toBe("1");
    rmSync(tools, { recursive: true });
    refused(site.uninstall(), "1 pod lives on this node");
    must(site.verb("DEL", pod));
    const said = must(site.uninstall());
    expect(said).toContain("set back sysctl net.ipv4.ip_forward to 0");
    expect(said).toContain("ethtool -K DEVICE lro on");
    expect(site.whole()).toBe(before);
  }));
