/** Behind another network, under a real containerd: what it takes of its folder, and what it remembers of its pods. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { binary } from "../support/binary.ts";
import { flannelShape, hasPlugins } from "../support/chained-site.ts";
import { type Release, releases } from "../support/containerd/releases.ts";
import { toolsFolder } from "../support/reference.ts";
import { must } from "../support/site.ts";
import { until } from "../support/until.ts";
import { dumpFiles } from "../support/whole.ts";
import { type Cluster, withCluster } from "./setup.ts";

const promise = {
  "fairway.dev/egress-guarantee": "100M",
  "fairway.dev/ingress-guarantee": "50M",
};

interface Chained {
  cluster: Cluster;
  confDir: string;
  /** In the runtime's own namespaces, where its pods and its records are. */
  fairway(...args: string[]): CommandResult;
  /** Until the runtime has loaded the other's network, with Fairway in it or without. */
  loaded(isChained: boolean): Promise<void>;
}

/** The runtime's network is another's, whose plugins are there. */
const withOther = (release: Release, use: (chained: Chained) => Promise<void>): Promise<void> =>
  withCluster(release, async (cluster) => {
    const { runtime } = cluster;
    const { binDir, host } = runtime;
    const confDir = join(dirname(binDir), "net.d");
    const dataDir = join(dirname(binDir), "chain");
    for (const path of [join(binDir, "fairway"), join(confDir, "10-fairway.conflist")])
      rmSync(path);
    for (const plugin of Object.values(flannelShape.plugins))
      copyFileSync(join(toolsFolder, plugin), join(binDir, plugin));
    mkdirSync(dataDir, { mode: 0o700 });
    const conflist = flannelShape.conflist({ root: "/nowhere" });
    writeFileSync(join(confDir, flannelShape.file), JSON.stringify(conflist, null, 3));
    const loaded: Chained["loaded"] = (isChained) =>
      until(`the runtime loads it, chained: ${isChained}`, async () => {
        const { cniconfig = "" } = (await runtime.cri.status()).info;
        // The text of the file is in it, with its quotes escaped.
        const calls = /type\\":\s*\\"fairway\\"/.test(cniconfig);
        return cniconfig.includes("cbr0") && calls === isChained;
      });
    await loaded(false);
    const places = (command: string): string[] =>
      command === "install" || command === "uninstall"
        ? ["--bin-dir", binDir, "--conf-dir", confDir]
        : [];
    await use({
      ...{ cluster, confDir, loaded },
      fairway: (command = "", ...args) =>
        host.run([binary, command, ...places(command), "--data-dir", dataDir, ...args]),
    });
  });

const capacities = ["--egress-capacity", "400M", "--ingress-capacity", "400M"];

for (const release of releases)
  describe(release.title, () => {
    const unable = !release.present || !hasPlugins(flannelShape);
    test.skipIf(unable)(
      "the copy is what it takes, and its records are what adopt reads (needs Go)",
      () =>
        withOther(release, async ({ cluster, confDir, fairway, loaded }) => {
          const before = await cluster.run("before", promise);
          const files = dumpFiles(confDir);
          must(fairway("install", "--chain", "--uplink", "uplink", ...capacities));
          await loaded(true);
          const after = await cluster.run("after", promise);
          expect(cluster.podClasses("uplink")).toHaveLength(1);
          expect(must(fairway("adopt"))).toBe(
            "adopted: shop/before, eth0, egress guarantee 100Mbit/s, ingress guarantee 50Mbit/s\n",
          );
          expect(cluster.podClasses("uplink")).toHaveLength(2);
          expect(must(fairway("explain"))).toContain("nothing to do");
          // A DEL comes for both, though one was added without us.
          for (const id of [before, after]) await cluster.end(id);
          expect(cluster.podClasses("uplink")).toEqual([]);
          must(fairway("uninstall"));
          expect(dumpFiles(confDir)).toBe(files);
          await loaded(false);
          await cluster.end(await cluster.run("without", promise));
        }),
    );

    test.skipIf(unable)("libcni's drop-in folder: only a newer runtime reads it (needs Go)", () =>
      withOther(release, async ({ cluster, confDir, fairway }) => {
        const files = dumpFiles(confDir);
        const asked = ["--chain-way", "drop-in", "--uplink", "uplink", ...capacities];
        must(fairway("install", "--chain", ...asked));
        // It reads its folder anew a moment after it was told.
        await Bun.sleep(1_000);
        const pod = await cluster.run("a", promise);
        expect(cluster.podClasses("uplink")).toHaveLength(release.configVersion === 2 ? 0 : 1);
        await cluster.end(pod);
        // A folder that somebody has something in stays, and does not tell the runtime by its end.
        writeFileSync(join(confDir, "cbr0/note"), "");
        must(fairway("uninstall"));
        await Bun.sleep(1_000);
        await cluster.end(await cluster.run("b", promise));
        rmSync(join(confDir, "cbr0"), { recursive: true });
        expect(dumpFiles(confDir)).toBe(files);
      }),
    );
  });
