/** What the doctor says of an installation, of the bridge's neighbours, and of what nobody owns. */
import { expect, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../src/ops/doctor/finding.ts";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";

interface Site {
  node: TestNode;
  binDir: string;
  confDir: string;
  run(...args: string[]): { code: number | null; stdout: string; stderr: string };
  /** Those that are not ok, "id level: found", but for what this machine's kernel cannot tell. */
  wrong(...args: string[]): string[];
  all(...args: string[]): Finding[];
}

function withSite(use: (site: Site) => void): Promise<void> {
  return withNode((node) => {
    const [binDir, confDir] = [join(node.dataDir, "bin"), join(node.dataDir, "conf")];
    const places = ["--bin-dir", binDir, "--conf-dir", confDir];
    const run: Site["run"] = (command = "", ...args) =>
      inNamespace(node.lab.node, [binary, command, ...args]);
    const all: Site["all"] = (...args) => {
      const given = args.includes("--data-dir") ? args : ["--data-dir", node.dataDir, ...args];
      const { stdout } = run("doctor", "--json", ...places, ...given);
      return (JSON.parse(stdout) as { findings: Finding[] }).findings;
    };
    const wrong: Site["wrong"] = (...args) =>
      all(...args)
        .filter(
          ({ id, level }) =>
            level !== "ok" && !/^(kernel\.\w+|config) warn$/.test(`${id} ${level}`),
        )
        .map(({ id, level, found }) => `${id} ${level}: ${found}`);
    use({ node, binDir, confDir, run, wrong, all });
  });
}

const install = ({ node, binDir, confDir, run }: Site): void => {
  const args = ["--bin-dir", binDir, "--conf-dir", confDir, "--data-dir", node.dataDir];
  const what = ["--subnet", "198.19.1.0/24", "--uplink", "uplink", "--egress-capacity", "400M"];
  expect(run("install", ...args, ...what, "--ingress-capacity", "400M")).toMatchObject({ code: 0 });
};

test("an installation: well, then with each part gone", () =>
  withSite((site) => {
    const { binDir, confDir, wrong, all } = site;
    expect(all().find(({ id }) => id === "install")).toMatchObject({ level: "ok" });
    install(site);
    expect(wrong()).toEqual([]);
    const ids = all().map(({ id }) => id);
    expect(ids).toEqual(
      expect.arrayContaining(["install.executable", "install.launcher", "install.link"]),
    );
    expect(ids).toEqual(expect.arrayContaining(["conflist", "conflist.plugin", "leaks"]));
    rmSync(join(binDir, "fairway-ipam"));
    writeFileSync(join(binDir, "fairway"), "no executable of ours");
    rmSync(join(confDir, "10-fairway.conflist"));
    expect(wrong()).toEqual([
      expect.stringContaining("install.launcher error"),
      expect.stringContaining("install.link error"),
      expect.stringContaining("conflist error"),
    ]);
    rmSync(join(binDir, "fairway-full"));
    expect(wrong()[0]).toContain(`install.executable error: ${join(binDir, "fairway")} is gone`);
  }));

test("the launcher and the executable beside it: which of them is what", () =>
  withSite((site) => {
    const { binDir, wrong, all } = site;
    const [plugin, full] = [join(binDir, "fairway"), join(binDir, "fairway-full")];
    install(site);
    rmSync(full);
    expect(wrong()).toEqual([expect.stringContaining(`install.executable error: ${full} is gone`)]);
    install(site);
    const launcher = readFileSync(plugin);
    launcher.writeUInt16LE(243, 18);
    writeFileSync(plugin, launcher);
    expect(wrong()).toEqual([
      expect.stringMatching(/^install.launcher error: .* does not run here: it is for machine 243/),
      expect.stringMatching(
        /^install.fits error: no pod starts, .* is for a processor that Fairway is not built for/,
      ),
    ]);
    // As an older version's `install` leaves it.
    rmSync(plugin);
    cpSync(binary, plugin);
    expect(wrong()).toEqual([
      expect.stringMatching(/^install.launcher warn: .* is an executable, and so is /),
    ]);
    rmSync(full);
    expect(wrong()).toEqual([]);
    expect(all().find(({ id }) => id === "install.executable")?.found).toStartWith(`${plugin}, `);
  }));

test("other conflists: one before ours, a chain's plugin that is missing, keys that ADD refuses", () =>
  withSite((site) => {
    const { binDir, confDir, wrong } = site;
    install(site);
    writeFileSync(join(confDir, "05-other.conf"), JSON.stringify({ name: "o", type: "bridge" }));
    expect(wrong()).toEqual([
      expect.stringContaining(
        "conflist warn: runtimes take the first in " +
          `${confDir}, 05-other.conf (network o: bridge), before 10-fairway.conflist`,
      ),
    ]);
    rmSync(join(confDir, "05-other.conf"));
    const own = {
      ...{ type: "fairway", ipam: { subnet: "198.19.1.0/24" } },
      uplink: { name: "uplink", egressCapacity: "400M", ingressCapacity: "400M" },
    };
    const write = (...plugins: object[]): void =>
      writeFileSync(
        join(confDir, "10-fairway.conflist"),
        JSON.stringify({ cniVersion: "1.0.0", name: "pods", plugins }),
      );
    write(own, { type: "portmap" });
    expect(wrong()).toEqual([expect.stringContaining("conflist.chain warn")]);
    writeFileSync(join(binDir, "bandwidth"), "");
    writeFileSync(join(binDir, "portmap"), "");
    write(own, { type: "portmap" }, { type: "bandwidth", capabilities: { bandwidth: true } });
    expect(wrong()).toEqual([
      expect.stringMatching(/^conflist\.shaper error: .*plugins\[2\] is the reference plugin/),
    ]);
    write({ ...own, bridgee: "x" });
    // The same words are told once, by what comes first.
    expect(wrong()).toEqual([expect.stringMatching(/^config error: .*bridgee/)]);
  }));

test("another bridge that the bridge's setting touches, and hairpin mode that was switched off", () =>
  withSite(({ node, wrong, all }) => {
    node.add(node.pod("a"));
    expect(all().find(({ id }) => id === "bridge.hairpin")?.found).toContain("on for all 1 ports");
    node.run("ip", "link", "add", "name", "docker0", "type", "bridge");
    expect(wrong()).toEqual([expect.stringMatching(/^bridge\.others warn: .*docker0/)]);
    node.run("ip", "link", "del", "dev", "docker0");
    node.run("ip", "link", "set", "dev", "fwv10", "type", "bridge_slave", "hairpin", "off");
    expect(wrong()).toEqual([
      expect.stringContaining("bridge.hairpin error: off for fwv10"),
      expect.stringContaining("drift error"),
    ]);
  }));

test("what bears our names and is nobody's, and that looking for it touches nothing", () =>
  withSite(({ node, wrong }) => {
    node.add(node.pod("a"));
    expect(wrong()).toEqual([]);
    node.run(..."ip link add name fwv99 type veth peer name x99".split(" "));
    node.run(..."ip link add name spare type veth peer name spare1".split(" "));
    node.run(
      ..."tc qdisc add dev spare root handle fa00: tbf rate 1mbit burst 2k limit 9k".split(" "),
    );
    const before = dumpNode(node.lab.node);
    expect(wrong().sort()).toEqual([
      `leaks warn: root qdisc of spare is nobody's in ${node.dataDir}`,
      `leaks warn: veth pair fwv99 is nobody's in ${node.dataDir}`,
    ]);
    // Through another ledger all of it is nobody's.
    const other = join(node.dataDir, "other");
    mkdirSync(other);
    const found = wrong("--data-dir", other);
    for (const each of ["bridge fw0", "nftables table inet fairway", "root qdisc of uplink"])
      expect(found).toContain(`leaks warn: ${each} is nobody's in ${other}`);
    expect(dumpNode(node.lab.node)).toBe(before);
  }));

test("executables that this node cannot run: where pods start by them, and where an agent serves verbs", () =>
  withSite((site) => {
    const { node, binDir, wrong, all, run } = site;
    install(site);
    const [plugin, full] = [join(binDir, "fairway"), join(binDir, "fairway-full")];
    const fits = (): Finding[] => all().filter(({ id }) => id === "install.fits");
    expect(fits().map(({ level }) => level)).toEqual(["ok", "ok"]);

    // As if the file were for arm64.
    const bytes = readFileSync(full);
    bytes.writeUInt16LE(183, 18);
    writeFileSync(full, bytes);
    const why = `this node cannot run ${full}: it is for arm64, and this host is x86-64`;
    expect(wrong()).toEqual([
      `install.fits error: no fallback: verbs work only while the agent takes them, as ${why}`,
    ]);
    expect(fits()[1]?.todo).toBe("take the build fairway: run its `install`");

    rmSync(plugin);
    renameSync(full, plugin);
    expect(wrong()).toContainEqual(
      expect.stringMatching(/^install\.fits error: no pod starts, as this node cannot run /),
    );
    // Another build's place is taken by this one's `install`.
    expect(
      run("install", "--bin-dir", binDir, "--conf-dir", site.confDir, "--data-dir", node.dataDir),
    ).toMatchObject({ code: 0 });
    expect(wrong()).toEqual([]);
  }));
