/** `install --chain`: behind Flannel's plugin, and behind Flannel's and Calico's conflists on the reference plugins. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary, repository } from "../support/binary.ts";
import {
  bandwidth,
  type ChainedSite,
  calicoShape,
  flannel,
  flannelShape,
  hasPlugins,
  type OtherNetwork,
  withOtherNetwork,
} from "../support/chained-site.ts";
import { capacities, type Json, must, refused, refusedWith, withSite } from "../support/site.ts";
import { until } from "../support/until.ts";
import { dumpFiles } from "../support/whole.ts";

const promise = {
  "fairway.dev/egress-guarantee": "100M",
  "fairway.dev/ingress-guarantee": "100M",
};

const typesAt = (path: string): string[] =>
  (JSON.parse(readFileSync(path, "utf8")) as { plugins: { type: string }[] }).plugins.map(
    ({ type }) => type,
  );

const promised = ({ fairway, dataDir }: ChainedSite): string =>
  must(fairway(binary, "status", "--data-dir", dataDir, "--no-measure", "--wide"));

/** ADD, CHECK and DEL of a pod by the reference runtime's tool, with the promise in force between. */
function live(site: ChainedSite, pod: string): void {
  site.tool("add", pod, promise);
  expect(promised(site)).toContain("100M");
  if (site.hasCheck) site.tool("check", pod, promise);
  site.tool("del", pod, promise);
}

/** While `use` runs, an agent does on the node that systemd does not run. */
async function withAgent(site: ChainedSite, use: () => Promise<void>): Promise<void> {
  const socket = join(site.root, "agent.sock");
  const child = Bun.spawn(
    [
      ...["ip", "netns", "exec", site.lab.node, binary, "agent", "--socket", socket],
      ...["--data-dir", site.dataDir, "--conf-dir", site.confDir],
    ],
    { stdin: "ignore", stdout: "inherit", stderr: "ignore" },
  );
  try {
    await until("the agent serves", () => existsSync(socket));
    await use();
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

const networks: [OtherNetwork, string[], string[]][] = [
  [flannel, [], ["flannel", "fairway"]],
  [flannelShape, [], ["bridge", "fairway"]],
  [calicoShape, ["--replace-bandwidth"], ["calico", "fairway"]],
];

for (const [other, options, types] of networks)
  describe.skipIf(!hasPlugins(other))(`behind ${other.title} (needs Go)`, () => {
    test("the whole life: installed, a pod, upgraded, taken off, and the folder is as it was", () =>
      withOtherNetwork(other, (site) => {
        const { confDir, copy, lab } = site;
        const files = dumpFiles(confDir);
        expect(must(site.chain(...options))).toContain(`write ${copy}\n`);
        expect(readdirSync(confDir).sort()[0]).toBe("00-fairway-chained.conflist");
        expect(typesAt(copy)).toEqual(types);
        live(site, lab.addPod("a"));
        expect(must(site.install())).toContain("nothing changed");
        // What the other's plugins have made for a pod is theirs, and stays.
        const done = must(site.uninstall("--data-dir", site.dataDir));
        expect(done).toContain(`remove ${copy}\n`);
        expect(dumpFiles(confDir)).toBe(files);
        expect(existsSync(site.dataDir)).toBe(false);
        expect(readdirSync(site.binDir).sort()).toEqual(Object.keys(other.plugins).sort());
        expect(site.network()).not.toMatch(/fairway|fa01|fwifb/);
      }));

    test("uninstall finds its folders by the copy alone", () =>
      withOtherNetwork(other, (site) => {
        const files = dumpFiles(site.root);
        must(site.chain(...options));
        expect(must(site.uninstall())).toContain(`remove ${site.copy}\n`);
        expect(dumpFiles(site.root)).toBe(files);
      }));
  });

const onFlannel = (use: (site: ChainedSite) => void | Promise<void>): Promise<void> =>
  withOtherNetwork(flannelShape, use);

const unable = !hasPlugins(flannelShape);

test.skipIf(unable)(
  "docs/install-beside.md shows what --chain prints, in its order (needs Go)",
  () =>
    onFlannel((site) => {
      mkdirSync(join(site.root, "var/lib"), { recursive: true });
      const page = readFileSync(join(repository, "docs/install-beside.md"), "utf8");
      const [, options = "", shown = ""] =
        /^# fairway install (--chain .*)\n([\s\S]*?)^```/m.exec(page) ?? [];
      const printed = must(site.install(...options.split(" "), "--uplink", "uplink"));
      expect(printed.replaceAll(site.root, "").replaceAll("uplink uplink", "uplink eth0")).toBe(
        shown,
      );
    }),
);

describe.skipIf(unable)("what is refused (needs Go)", () => {
  test("no network to stand behind: nothing is changed, and none is made", () =>
    onFlannel((site) => {
      rmSync(site.original);
      const files = site.files();
      refused(
        site.chain(),
        "no network configuration beside Fairway's",
        "never makes one",
        "--wait",
      );
      refused(site.chain("--wait", "100ms"), "no network configuration beside Fairway's");
      expect(site.files()).toBe(files);
    }));

  test.each([
    ["empty", ""],
    ["half written", '{"cniVersion": "1.0.0", "na'],
  ])("a file that is %s, also where another is behind it", (_, text) =>
    onFlannel((site) => {
      writeFileSync(join(site.confDir, "05-first.conflist"), text);
      const files = site.files();
      refused(site.chain(), "no runtime can load 05-first.conflist");
      expect(site.files()).toBe(files);
    }),
  );

  test.each([
    [
      "the reference bandwidth plugin",
      bandwidth,
      ["plugins[1] is the reference plugin", "--replace-bandwidth"],
    ],
    [
      "another shaper",
      { ...bandwidth, type: "shape" },
      ["plugins[1], shape, asks for", "capabilities"],
    ],
    ["Cilium", { type: "cilium-cni" }, ["it calls cilium-cni", "docs/platforms.md"]],
  ])("%s in the chain", (_, plugin, says) =>
    onFlannel((site) => {
      const conflist = flannelShape.conflist(site) as { plugins: Json[] };
      site.rewrite({ ...conflist, plugins: [...conflist.plugins, plugin] });
      const files = site.files();
      refused(site.chain(), "10-flannel.conflist", ...says);
      expect(site.files()).toBe(files);
    }),
  );

  test("a network of Fairway's own is there, or is asked for over a chain", () =>
    onFlannel((site) => {
      must(site.chain());
      refused(
        site.install("--subnet", "198.19.1.0/24"),
        "installed behind another network",
        "uninstall",
      );
      must(site.uninstall());
      renameSync(site.original, `${site.original}.bak`);
      const own = ["--subnet", "198.19.1.0/24", "--uplink", "uplink", ...capacities];
      must(site.install(...own));
      refused(site.chain(), "with a network of its own", "`fairway uninstall` first");
      must(site.uninstall());
    }));

  test("what bears the copy's name and is not ours", () =>
    onFlannel((site) => {
      writeFileSync(site.copy, readFileSync(site.original));
      refused(
        site.chain("--conf-file", "00-fairway-chained.conflist"),
        "is not the copy that Fairway made",
        "it is not overwritten",
      );
      rmSync(site.copy);
      refused(site.chain("--conf-file", "50-late.conflist"), "10-flannel.conflist sorts before");
    }));

  test("a plugin that has addresses to give", () =>
    onFlannel((site) => {
      const file = join(site.root, "own.conflist");
      const plugins = [{ type: "fairway", ipam: { subnet: "198.19.1.0/24" } }];
      writeFileSync(file, JSON.stringify({ cniVersion: "1.0.0", name: "x", plugins }));
      refused(site.chain("--conflist", file), 'has "ipam"', "the plugins before it");
    }));
});

describe.skipIf(unable)("the ways into a chain (needs Go)", () => {
  test("--wait: the network comes later", () =>
    onFlannel(async (site) => {
      const text = readFileSync(site.original);
      rmSync(site.original);
      const child = Bun.spawn(
        [
          ...["ip", "netns", "exec", site.lab.node, binary, "install", "--chain", "--wait", "60s"],
          ...[...site.folders, "--data-dir", site.dataDir, "--uplink", "uplink", ...capacities],
        ],
        { stdout: "pipe", stderr: "pipe", timeout: 60_000 },
      );
      writeFileSync(site.original, "");
      await Bun.sleep(300);
      expect({ ended: child.exitCode, copy: existsSync(site.copy) }).toEqual({
        ended: null,
        copy: false,
      });
      writeFileSync(site.original, text);
      expect(await child.exited).toBe(0);
      expect(typesAt(site.copy)).toEqual(["bridge", "fairway"]);
    }));

  test("an own plugin by --conflist, with its tiers", () =>
    onFlannel((site) => {
      const file = join(site.root, "own.conflist");
      const tiers = { gold: { egressGuarantee: "50M", ingressGuarantee: "50M" } };
      const plugins = [{ type: "fairway", tiers, defaultTier: "gold" }];
      writeFileSync(file, JSON.stringify({ cniVersion: "1.0.0", name: "x", plugins }));
      must(site.chain("--conflist", file));
      expect(readFileSync(site.copy, "utf8")).toContain('"defaultTier": "gold"');
      // What is said later is put into it.
      must(site.install("--egress-capacity", "300M"));
      const copy = readFileSync(site.copy, "utf8");
      expect(copy).toContain('"defaultTier": "gold"');
      expect(copy).toContain('"egressCapacity": "300M"');
    }));

  test("libcni's drop-in folder, where it is asked for", () =>
    onFlannel((site) => {
      const files = dumpFiles(site.root);
      const dropIn = join(site.confDir, "cbr0/fairway.conf");
      const said = must(site.chain("--chain-way", "drop-in"));
      expect(said).toContain(`make ${join(site.confDir, "cbr0")}\n`);
      expect(said).toContain("libcni 1.3 or newer");
      expect(existsSync(dropIn)).toBe(true);
      live(site, site.lab.addPod("a"));
      expect(must(site.install())).toContain("nothing changed");
      must(site.uninstall("--data-dir", site.dataDir));
      expect(existsSync(join(site.confDir, "cbr0"))).toBe(false);
      rmSync(join(site.root, "cache"), { recursive: true });
      mkdirSync(join(site.root, "cache"));
      expect(dumpFiles(site.root)).toBe(files);
    }));

  test("a list that reads no drop-in folder is refused", () =>
    onFlannel((site) => {
      site.rewrite({ ...flannelShape.conflist(site), loadOnlyInlinedPlugins: true });
      refused(site.chain("--chain-way", "drop-in"), "loadOnlyInlinedPlugins", "--chain-way copy");
    }));

  test("in place, where it is asked for: the original comes back byte for byte", () =>
    onFlannel((site) => {
      const files = dumpFiles(site.confDir);
      expect(must(site.chain("--chain-way", "in-place"))).toContain(`edit ${site.original}\n`);
      expect(typesAt(site.original)).toEqual(["bridge", "fairway"]);
      expect(existsSync(site.copy)).toBe(false);
      live(site, site.lab.addPod("a"));
      expect(must(site.install())).toContain("nothing changed");
      // Its owner writes it anew: that is the original then.
      const anew = { ...flannelShape.conflist(site), disableCheck: true };
      site.rewrite(anew);
      const newFiles = dumpFiles(site.confDir);
      expect(must(site.install())).toContain(`edit ${site.original}\n`);
      expect(must(site.uninstall("--data-dir", site.dataDir))).toContain("back as it was");
      expect(dumpFiles(site.confDir)).toBe(newFiles);
      site.rewrite(flannelShape.conflist(site));
      expect(dumpFiles(site.confDir)).toBe(files);
    }));

  test("in place, with another plugin of ours in it: the rest is as it was", () =>
    onFlannel((site) => {
      const files = dumpFiles(site.confDir);
      must(site.chain("--chain-way", "in-place"));
      const text = readFileSync(site.original, "utf8");
      writeFileSync(site.original, text.replace('"400M"', '"300M"'));
      expect(must(site.uninstall("--data-dir", site.dataDir))).toContain("back as it was");
      expect(dumpFiles(site.confDir)).toBe(files);
    }));

  test("in place, and changed by others since: only ours is taken out", () =>
    onFlannel((site) => {
      must(site.chain("--chain-way", "in-place"));
      const edited = JSON.parse(readFileSync(site.original, "utf8")) as Json;
      writeFileSync(site.original, JSON.stringify({ ...edited, "x.dev/y": true }));
      expect(must(site.uninstall("--data-dir", site.dataDir))).toContain(
        "it was changed since Fairway was put into it",
      );
      expect(JSON.parse(readFileSync(site.original, "utf8"))).toEqual({
        ...flannelShape.conflist(site),
        "x.dev/y": true,
      });
    }));
});

describe.skipIf(unable)("after it (needs Go)", () => {
  test("an upgrade while the network is away leaves its files alone", () =>
    onFlannel((site) => {
      must(site.chain());
      rmSync(site.original);
      expect(must(site.install())).toContain("note: ");
      expect(existsSync(site.copy)).toBe(true);
    }));

  test("a copy that somebody moved aside goes as well", () =>
    onFlannel((site) => {
      const files = dumpFiles(site.confDir);
      must(site.chain());
      renameSync(site.copy, `${site.copy}.cilium_bak`);
      must(site.uninstall("--data-dir", site.dataDir));
      expect(dumpFiles(site.confDir)).toBe(files);
    }));

  test("doctor: well, then with a copy that does not follow, then with none", () =>
    onFlannel((site) => {
      must(site.chain());
      const found = (): string[] => {
        const asked = [
          "--data-dir",
          site.dataDir,
          "--bin-dir",
          site.binDir,
          "--conf-dir",
          site.confDir,
        ];
        const { stdout } = site.fairway(binary, "doctor", "--json", ...asked);
        const { findings } = JSON.parse(stdout) as {
          findings: { id: string; level: string; found: string }[];
        };
        return findings
          .filter(({ id }) => /^(conflist|platform)/.test(id))
          .map(({ id, level, found: what }) => `${id} ${level}: ${what}`);
      };
      expect(found()).toContain(
        "conflist.copy ok: 00-fairway-chained.conflist follows 10-flannel.conflist",
      );
      expect(found().filter((each) => !each.includes(" ok: "))).toEqual([]);
      site.rewrite({ ...flannelShape.conflist(site), cniVersion: "0.4.0" });
      expect(found().join("\n")).toContain(
        "conflist.copy error: 00-fairway-chained.conflist is not what follows",
      );
      rmSync(site.original);
      expect(found().join("\n")).toContain("conflist.copy error: pods start without Fairway");
      site.run(..."ip link add cilium_host type veth peer name cilium_net".split(" "));
      expect(found().join("\n")).toContain("platform error: the device cilium_host is of Cilium");
    }));

  test("a pod that lives keeps uninstall from it, and the copy is there again", () =>
    onFlannel((site) => {
      must(site.chain());
      const pod = site.lab.addPod("a");
      site.tool("add", pod, promise);
      refusedWith(1, site.uninstall("--data-dir", site.dataDir), "1 pod lives");
      expect(typesAt(site.copy)).toEqual(["bridge", "fairway"]);
      site.tool("del", pod, promise);
      must(site.uninstall("--data-dir", site.dataDir));
    }));

  test("the agent follows the original, and a pod gets what is in it then", () =>
    onFlannel(async (site) => {
      must(site.chain());
      await withAgent(site, async () => {
        const changed = { ...flannelShape.conflist(site), cniVersion: "0.4.0" };
        site.rewrite(changed);
        await until("the copy follows", () => readFileSync(site.copy, "utf8").includes('"0.4.0"'));
        live(site, site.lab.addPod("a"));
        rmSync(site.original);
        await until("the copy goes", () => !existsSync(site.copy));
        expect(inNamespace(site.lab.node, ["ls", site.confDir]).stdout).toBe("");
        site.rewrite(changed);
        await until("the copy is back", () => existsSync(site.copy));
      });
      must(site.uninstall("--data-dir", site.dataDir));
    }));
});

test.skipIf(unable)(
  "uninstall under an agent that systemd does not run: the copy does not come back (needs Go)",
  () =>
    onFlannel(async (site) => {
      must(site.chain());
      const files = dumpFiles(site.confDir)
        .split("\n")
        .filter((each) => !each.includes("00-fairway"));
      await withAgent(site, async () => {
        must(site.uninstall("--data-dir", site.dataDir));
        writeFileSync(join(site.confDir, "touched"), "");
        await Bun.sleep(500);
        rmSync(join(site.confDir, "touched"));
        expect(dumpFiles(site.confDir).split("\n")).toEqual(files);
      });
    }),
);

test("without --chain a network of its own is what install makes, as ever", () =>
  withSite((site) => {
    must(site.install("--subnet", "198.19.1.0/24", "--uplink", "uplink", ...capacities));
    expect(JSON.parse(readFileSync(join(site.dataDir, "install.json"), "utf8"))).not.toHaveProperty(
      "chain",
    );
  }));
