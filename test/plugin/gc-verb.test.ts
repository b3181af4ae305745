/** GC: what is not in the list goes, of its own network only, whatever fails on the way. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dumpNode } from "../support/dump.ts";
import { attachmentNames } from "../support/gone.ts";
import { type AddOptions, type Ended, type TestNode, withNode } from "../support/node.ts";

const validKey = "cni.dev/valid-attachments";
const other = { name: "other", ipam: { subnet: "198.19.2.0/24" } };
const valid = (...names: string[]) => ({
  [validKey]: names.map((containerID) => ({ containerID, ifname: "eth0" })),
});

/** CNI_CONTAINERID and the like are not GC's. */
const gc = (node: TestNode, config: Record<string, unknown>, options: AddOptions = {}): Ended =>
  node.verb(
    "GC",
    { containerId: "", namespace: "", netns: "" },
    {
      ...options,
      config: { cniVersion: "1.1.0", ...config },
    },
  );

/** Two networks, one uplink, one tree. */
function twoNetworks(node: TestNode): void {
  for (const name of ["a", "b"]) node.add(node.pod(name));
  for (const name of ["c", "d"]) node.add(node.pod(name), { config: other });
}

const all = ["other/c/eth0", "other/d/eth0", "pods/a/eth0", "pods/b/eth0"];
const without = (...gone: string[]): string[] => all.filter((name) => !gone.includes(name));

interface Row {
  title: string;
  config: Record<string, unknown>;
  left: string[];
}

const rows: Row[] = [
  { title: "one of a network", config: valid("b"), left: without("pods/a/eth0") },
  {
    title: "all of a network, by an empty list",
    config: { [validKey]: [] },
    left: without("pods/a/eth0", "pods/b/eth0"),
  },
  {
    title: "all of a network, by null, which CRI-O sends for an empty list",
    config: { [validKey]: null },
    left: without("pods/a/eth0", "pods/b/eth0"),
  },
  {
    title: "all of the other network",
    config: { ...other, [validKey]: [] },
    left: without("other/c/eth0", "other/d/eth0"),
  },
  {
    title: "nothing, where containers of other networks are in the list, too",
    config: valid("a", "b", "c", "unknown"),
    left: all,
  },
  {
    title: "one whose container is listed with another interface",
    config: {
      [validKey]: [
        { containerID: "a", ifname: "eth1" },
        { containerID: "b", ifname: "eth0" },
      ],
    },
    left: without("pods/a/eth0"),
  },
  {
    title: "nothing of a network that has none",
    config: { name: "third", [validKey]: [] },
    left: all,
  },
];

test.each(rows)("removes $title", ({ config, left }) =>
  withNode((node) => {
    twoNetworks(node);
    expect(gc(node, config)).toMatchObject({ code: 0, stdout: "" });
    expect(attachmentNames(node)).toEqual(left);
    // Both networks stand on one tree, whole.
    expect(node.run("tc", "qdisc", "show", "dev", "uplink", "root").match(/tbf/g)).toHaveLength(1);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
    expect(gc(node, config)).toMatchObject({ code: 0, stdout: "" });
  }),
);

const refused: [string, Record<string, unknown>, number, string][] = [
  ["no list", {}, 7, `${validKey} is missing`],
  ["a list that is none", { [validKey]: "all" }, 7, `${validKey} is not a list`],
  ["an object for a list", { [validKey]: {} }, 7, `${validKey} is not a list`],
  [
    "garbage in the list",
    { [validKey]: [{ containerID: 5, ifname: "eth0" }] },
    7,
    `${validKey}[0]`,
  ],
  [
    "garbage behind what is right",
    { [validKey]: [...(valid("a")[validKey] ?? []), null] },
    7,
    `${validKey}[1]`,
  ],
  ["an older version", { cniVersion: "1.0.0", [validKey]: [] }, 1, "does not allow GC"],
];

test.each(refused)("%s: refused, and nothing is removed", (_, config, code, says) =>
  withNode((node) => {
    twoNetworks(node);
    const before = dumpNode(node.lab.node);
    expect(gc(node, config)).toMatchObject({
      code: 1,
      json: { code, msg: expect.stringContaining(says) },
    });
    expect(attachmentNames(node)).toEqual(all);
    expect(dumpNode(node.lab.node)).toBe(before);
  }),
);

test("goes on past what fails, names each failure, and finishes it the next time", () =>
  withNode((node) => {
    for (const name of ["a", "b", "c", "d"]) node.add(node.pod(name));
    // The kernel is asked for classes that it does not have, in place of two that it has.
    const folder = join(node.dataDir, "tools");
    mkdirSync(folder);
    const real = Bun.which("tc", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
    writeFileSync(
      join(folder, "tc"),
      `#!/bin/sh\nsed -E '/class del/ s/fa01:1[02]/fa01:ee/' | ${real} "$@"\n`,
    );
    chmodSync(join(folder, "tc"), 0o755);
    const env = { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`, FAIRWAY_BACKEND: "exec" };
    const failed = gc(node, valid("d"), { env });
    expect(failed.json).toMatchObject({
      code: 110,
      msg: expect.stringMatching(/^2 of 3 attachments.*pods\/a\/eth0: .*; pods\/c\/eth0: /),
    });
    expect(attachmentNames(node)).toEqual(["pods/a/eth0", "pods/c/eth0", "pods/d/eth0"]);
    expect(gc(node, valid("d"))).toMatchObject({ code: 0, stdout: "" });
    expect(attachmentNames(node)).toEqual(["pods/d/eth0"]);
    expect(node.fairway("explain").stdout).toContain("nothing to do");
  }));

/** What the second conflist says differently, and how both are named. */
const uplink = {
  name: "uplink",
  egressCapacity: "400M",
  ingressCapacity: "400M",
  gsoMaxSize: 9000,
};
const disagreements: [string, Record<string, unknown>, string][] = [
  [
    "a capacity",
    { uplink: { ...uplink, egressCapacity: "300M" } },
    "uplink.egressCapacity is 300M in other and 400M in pods",
  ],
  [
    "a reserve",
    { uplink: { ...uplink, reserve: "10M" } },
    "uplink.reserve is 10M on egress, 10M on ingress in other and 20M on egress, 20M on ingress in pods",
  ],
  [
    "an uplink",
    { uplink: { ...uplink, name: "second" } },
    "uplink.name is second in other and uplink in pods",
  ],
  ["a bridge", { bridge: "br7" }, "bridge is br7 in other and fw0 in pods"],
  [
    "a GSO size",
    { uplink: { ...uplink, gsoMaxSize: 16_384 } },
    "uplink.gsoMaxSize is 16384 in other and 9000 in pods",
  ],
  [
    "policeHost",
    { uplink: { ...uplink, policeHost: false } },
    "uplink.policeHost is false in other and true in pods",
  ],
  ["overcommit", { overcommit: "scale" }, "overcommit is scale in other and reject in pods"],
  [
    "hostClasses",
    { hostClasses: { ssh: { ports: [22], egressGuarantee: "1M" } } },
    "and [] in pods",
  ],
  [
    "a subnet",
    { ipam: { subnet: "198.19.0.0/16" } },
    "subnet 198.19.0.0/16 of network other overlaps 198.19.1.0/24 of network pods",
  ],
];

test.each(disagreements)(
  "two conflists that differ in %s: error 7, with both values and both networks",
  (_, config, says) =>
    withNode((node) => {
      node.run("ip", "link", "add", "name", "second", "type", "veth", "peer", "name", "peer");
      node.add(node.pod("a"));
      const before = dumpNode(node.lab.node);
      const added = node.verb("ADD", node.pod("b"), { config: { ...other, ...config } });
      expect(added.json).toMatchObject({ code: 7, msg: expect.stringContaining(says) });
      expect(dumpNode(node.lab.node)).toBe(before);
      expect(attachmentNames(node)).toEqual(["pods/a/eth0"]);
    }),
);
