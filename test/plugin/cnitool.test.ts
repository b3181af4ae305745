/** The reference runtime's own tool, on the sample conflist. Built by scripts/test where Go is there. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary, repository } from "../support/binary.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";

const cnitool = join(repository, "dist/test-tools/cnitool");

type Plugin = Record<string, unknown>;

/** The sample, but for what every node has its own of: subnet, uplink and data folder; and without portmap, which is another package's. */
function sample(dataDir: string, over: Plugin): string {
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
  return JSON.stringify({ ...list, plugins, ...over });
}

const highTier = { "fairway.dev/tier": "high", "fairway.dev/ingress-guarantee": "100M" };

interface Tool {
  node: TestNode;
  pod: Pod;
  run(verb: string, annotations?: Record<string, string>): CommandResult;
}

/** A node with the plugin's folder, a conflist, and the tool's cache; `over` is laid over the conflist. */
const withTool = (use: (tool: Tool) => void, over: Plugin = {}): Promise<void> =>
  withNode((node) => {
    const [bin, conf, cache] = ["bin", "conf", "cache"].map((name) => join(node.dataDir, name)) as [
      string,
      string,
      string,
    ];
    for (const folder of [bin, conf, cache]) mkdirSync(folder);
    symlinkSync(binary, join(bin, "fairway"));
    writeFileSync(join(conf, "10-fairway.conflist"), sample(node.dataDir, over));
    const pod = node.pod("a");
    // libcni keeps results in /var/lib/cni: in a mount namespace of its own that is this test's folder.
    const hide = `mount -t tmpfs none /var/lib && mkdir /var/lib/cni && mount --bind ${cache} /var/lib/cni && exec "$@"`;
    const run: Tool["run"] = (verb, annotations = highTier) =>
      inNamespace(
        node.lab.node,
        ["unshare", "--mount", "sh", "-c", hide, "-", cnitool, verb, "pods", pod.netns],
        {
          env: {
            CNI_PATH: bin,
            NETCONFPATH: conf,
            CAP_ARGS: JSON.stringify({ "io.kubernetes.cri.pod-annotations": annotations }),
          },
        },
      );
    use({ node, pod, run });
  });

const needsGo = test.skipIf(!existsSync(cnitool));

needsGo("cnitool (needs Go): every verb on the sample conflist, with annotations", () =>
  withTool(({ node, pod, run }) => {
    const bare = dumpPod(pod.namespace);
    const added = run("add");
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
    expect(run("check")).toMatchObject({ code: 0 });
    node.run("tc", "class", "del", "dev", "uplink", "classid", "fa01:10");
    const drifted = run("check");
    expect(drifted.code).not.toBe(0);
    expect(drifted.stdout + drifted.stderr).toContain("class fa01:10 on uplink is missing");
    expect(run("del")).toMatchObject({ code: 0 });
    expect(run("del")).toMatchObject({ code: 0 });
    expect(dumpPod(pod.namespace)).toBe(bare);
    expect(run("status")).toMatchObject({ code: 0 });
    // This tool sends no list of what is alive.
    expect(run("gc").stderr).toContain("cni.dev/valid-attachments is missing");
  }),
);

/** CHECK came with 0.4.0, and libcni refuses it before. */
needsGo.each([
  ["0.3.0", false],
  ["0.3.1", false],
  ["0.4.0", true],
  ["1.0.0", true],
  ["1.1.0", true],
])("cnitool (needs Go): version %s", (cniVersion, hasCheck) =>
  withTool(
    ({ pod, run }) => {
      const bare = dumpPod(pod.namespace);
      const added = run("add");
      expect(added).toMatchObject({ code: 0 });
      const result = JSON.parse(added.stdout) as Plugin;
      expect(result).toMatchObject({ cniVersion, ips: [{ address: "198.19.1.2/24" }] });
      expect(run("check").code === 0).toBe(hasCheck);
      expect(run("status").code).toBe(0);
      expect(run("del").code).toBe(0);
      expect(dumpPod(pod.namespace)).toBe(bare);
    },
    { cniVersion, cniVersions: undefined },
  ),
);

needsGo("cnitool (needs Go): what is refused is told in whole, and leaves nothing", () =>
  withTool(({ node, pod, run }) => {
    expect(run("add")).toMatchObject({ code: 0 });
    expect(run("del")).toMatchObject({ code: 0 });
    const before = [dumpNode(node.lab.node), dumpPod(pod.namespace)];
    const refused = run("add", { "fairway.dev/egress-guarantee": "90G" });
    expect(refused.code).not.toBe(0);
    // It prints the plugin's error: msg and details.
    expect(refused.stdout + refused.stderr).toContain("asks for an egress guarantee of 90G");
    expect(refused.stdout + refused.stderr).toContain("raise uplink.egressCapacity");
    expect([dumpNode(node.lab.node), dumpPod(pod.namespace)]).toEqual(before);
    expect(run("del")).toMatchObject({ code: 0 });

    node.run("tc", "qdisc", "replace", "dev", "uplink", "root", "handle", "7:", "htb");
    const status = run("status");
    expect(status.code).not.toBe(0);
    expect(status.stdout + status.stderr).toContain("the root qdisc of uplink is htb 7:");
  }),
);

needsGo("cnitool (needs Go): gc deletes what its cache knows", () =>
  withTool(({ pod, run }) => {
    const bare = dumpPod(pod.namespace);
    expect(run("add")).toMatchObject({ code: 0 });
    // A DEL for each cached attachment, then GC without a list, which is refused.
    expect(run("gc").stderr).toContain("cni.dev/valid-attachments is missing");
    expect(dumpPod(pod.namespace)).toBe(bare);
  }),
);

needsGo("cnitool (needs Go): del without the cached result", () =>
  withTool(({ node, pod, run }) => {
    const bare = dumpPod(pod.namespace);
    expect(run("add")).toMatchObject({ code: 0 });
    rmSync(join(node.dataDir, "cache/results"), { recursive: true });
    expect(run("del")).toMatchObject({ code: 0 });
    expect(dumpPod(pod.namespace)).toBe(bare);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }),
);
