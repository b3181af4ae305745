/** The reference runtime's own tool, on the sample conflist. Built by scripts/test where Go is there. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../src/lab/namespaces.ts";
import { binary, repository } from "../support/binary.ts";
import { dumpPod } from "../support/dump.ts";
import { withNode } from "../support/node.ts";

const cnitool = join(repository, "dist/test-tools/cnitool");

type Plugin = Record<string, unknown>;

/** The sample, but for what every node has its own of: subnet, uplink and data folder; and without portmap, which is another package's. */
function sample(dataDir: string): string {
  const list = JSON.parse(readFileSync(join(repository, "conf/10-fairway.conflist"), "utf8")) as {
    plugins: Plugin[];
  };
  const plugins = list.plugins
    .filter((plugin) => plugin.type === "fairway")
    .map((plugin) => ({
      ...plugin,
      uplink: { ...(plugin.uplink as Plugin), name: "uplink" },
      ipam: { ...(plugin.ipam as Plugin), subnet: "198.19.1.0/24" },
      dataDir,
    }));
  return JSON.stringify({ ...list, plugins });
}

test.skipIf(!existsSync(cnitool))(
  "cnitool add, check, del and the rest on the sample conflist, with annotations",
  () =>
    withNode((node) => {
      const [bin, conf, cache] = ["bin", "conf", "cache"].map((name) =>
        join(node.dataDir, name),
      ) as [string, string, string];
      for (const folder of [bin, conf, cache]) mkdirSync(folder);
      symlinkSync(binary, join(bin, "fairway"));
      writeFileSync(join(conf, "10-fairway.conflist"), sample(node.dataDir));
      const pod = node.pod("a");
      const annotations = { "fairway.dev/tier": "high", "fairway.dev/ingress-guarantee": "100M" };
      const env = {
        CNI_PATH: bin,
        NETCONFPATH: conf,
        CAP_ARGS: JSON.stringify({ "io.kubernetes.cri.pod-annotations": annotations }),
      };
      // libcni keeps results in /var/lib/cni: in a mount namespace of its own that is this test's folder.
      const hide = `mount -t tmpfs none /var/lib && mkdir /var/lib/cni && mount --bind ${cache} /var/lib/cni && exec "$@"`;
      const tool = (verb: string) =>
        inNamespace(
          node.lab.node,
          ["unshare", "--mount", "sh", "-c", hide, "-", cnitool, verb, "pods", pod.netns],
          { env },
        );

      const bare = dumpPod(pod.namespace);
      const added = tool("add");
      expect(added).toMatchObject({ code: 0 });
      expect(JSON.parse(added.stdout)).toMatchObject({
        ips: [{ address: "198.19.1.2/24", gateway: "198.19.1.1" }],
      });
      expect(node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:10")).toContain(
        "prio 0 rate 500Mbit ceil 500Mbit",
      );
      expect(node.run("tc", "class", "show", "dev", "fw0", "classid", "fa01:10")).toContain(
        "rate 100Mbit",
      );
      expect(tool("check")).toMatchObject({ code: 0 });
      node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:10");
      const drifted = tool("check");
      expect(drifted.code).not.toBe(0);
      expect(drifted.stdout + drifted.stderr).toContain("class fa01:10 on uplink is missing");
      expect(tool("del")).toMatchObject({ code: 0 });
      expect(tool("del")).toMatchObject({ code: 0 });
      expect(dumpPod(pod.namespace)).toBe(bare);
      expect(tool("status")).toMatchObject({ code: 0 });
      // This tool sends no list of what is alive.
      expect(tool("gc").stderr).toContain("cni.dev/valid-attachments is missing");
    }),
);
