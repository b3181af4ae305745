import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";

const conf = join(import.meta.dirname, "../../conf");
const samples = readdirSync(conf).filter((file) => file.endsWith(".conflist"));

interface Conflist {
  cniVersion: string;
  cniVersions: string[];
  name: string;
  plugins: { type: string; ipam?: object; uplink?: object; [key: string]: unknown }[];
}

function read(file: string): Conflist {
  return JSON.parse(readFileSync(join(conf, file), "utf8"));
}

test("there are samples", () => {
  expect(samples).toContain("10-fairway.conflist");
  expect(samples).toContain("minimal.conflist");
});

test.each(samples)("%s is valid once a node's own values are in it", (file) => {
  const { name, cniVersion, cniVersions, plugins } = read(file);
  const ours = plugins.filter(({ type }) => type === "fairway");
  expect(ours).toHaveLength(1);
  for (const version of new Set([cniVersion, ...cniVersions])) {
    for (const plugin of ours) {
      const config = parseNetworkConfig({
        ...plugin,
        // Without one it is chained.
        ...(plugin.ipam && { ipam: { ...plugin.ipam, subnet: "198.18.7.0/24" } }),
        uplink: { ...plugin.uplink, name: "up0", egressCapacity: "1G", ingressCapacity: "1G" },
        dataDir: "/run/fairway",
        // As libcni adds them.
        name,
        cniVersion: version,
      });
      expect(config.name).toBe(name);
      expect(config.chained).toBe(file.startsWith("after-"));
      expect(config.cniVersion as string).toBe(version);
    }
  }
});

test.each(samples)("%s is valid as it stands, and pods' annotations reach it", (file) => {
  const { name, cniVersion, plugins } = read(file);
  const plugin = plugins.find(({ type }) => type === "fairway");
  expect(plugin?.capabilities).toMatchObject({ "io.kubernetes.cri.pod-annotations": true });
  expect(() => parseNetworkConfig({ ...plugin, name, cniVersion })).not.toThrow();
});
