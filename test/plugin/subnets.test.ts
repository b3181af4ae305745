/** A pods' network beside what the node has: an ADD takes nothing from the node. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { binary } from "../support/binary.ts";
import { dumpNode } from "../support/dump.ts";
import { type Ended, type TestNode, withNode } from "../support/node.ts";

type Json = Record<string, unknown>;

const noPod = { containerId: "", namespace: "", netns: "" };

const status = (node: TestNode, config: Json): Ended =>
  node.verb("STATUS", noPod, { config: { cniVersion: "1.1.0", ...config } });

interface Row {
  title: string;
  /** Run on the node before. */
  before?: string[][];
  ipam: Json;
  /** What the refusal names. */
  names: string;
}

const rows: Row[] = [
  {
    title: "the node's own network",
    ipam: { subnet: "198.18.0.0/24" },
    names: "198.18.0.1/24 of interface uplink",
  },
  {
    title: "a part of it that holds the router",
    ipam: { subnet: "198.18.0.0/28", gateway: "198.18.0.14" },
    names: "198.18.0.2, the next hop",
  },
  {
    title: "a part of it that holds neither",
    ipam: { subnet: "198.18.0.128/25" },
    names: "198.18.0.1/24 of interface uplink",
  },
  {
    title: "one that holds it",
    ipam: { subnet: "198.18.0.0/16", gateway: "198.18.77.1", rangeStart: "198.18.77.2" },
    names: "198.18.0.1/24 of interface uplink",
  },
  {
    title: "one that a route leads elsewhere",
    before: [["ip", "route", "add", "198.19.7.0/24", "via", addresses.remote]],
    ipam: { subnet: "198.19.7.0/24" },
    names: "198.19.7.0/24 via 198.18.0.2 dev uplink",
  },
  {
    title: "one of which a part is led elsewhere, over next hop objects",
    before: [
      ["ip", "nexthop", "add", "id", "7", "via", addresses.remote, "dev", "uplink"],
      ["ip", "nexthop", "add", "id", "8", "group", "7"],
      ["ip", "route", "add", "198.19.7.64/26", "nhid", "8"],
    ],
    ipam: { subnet: "198.19.7.0/24" },
    names: "198.19.7.64/26 via 198.18.0.2 dev uplink",
  },
  {
    title: "one of which a part is led nowhere",
    before: [["ip", "route", "add", "blackhole", "198.19.7.64/26"]],
    ipam: { subnet: "198.19.7.0/24" },
    names: "blackhole 198.19.7.64/26",
  },
  {
    title: "one that another bridge has, which is down",
    before: [
      ["ip", "link", "add", "name", "cni0", "type", "bridge"],
      ["ip", "address", "add", "198.19.7.1/24", "dev", "cni0"],
    ],
    ipam: { subnet: "198.19.7.0/24" },
    names: "198.19.7.1/24 of interface cni0",
  },
  {
    title: "the second range set",
    ipam: {
      ranges: [
        [{ subnet: "198.19.7.0/24" }],
        [{ subnet: "fd00:c612::/64", gateway: "fd00:c612::99" }],
      ],
    },
    names: "fd00:c612::1/64 of interface uplink",
  },
  ...["127.5.0.0/24", "169.254.0.0/16", "224.1.0.0/24", "fe80::/64"].map(
    (subnet): Row => ({
      title: "none for pods",
      ipam: { subnet },
      names: subnet.startsWith("1") ? "which is l" : "which is",
    }),
  ),
];

test.each(rows.map((row) => [row.title, JSON.stringify(row.ipam), row] as const))(
  "%s (%s): refused by ADD, STATUS, install and doctor, and nothing is changed",
  (_, __, { before = [], ipam, names }) =>
    withNode((node) => {
      for (const argv of before) node.run(...argv);
      const config = { ipam };
      const state = dumpNode(node.lab.node);
      const added = node.verb("ADD", node.pod("a"), { config });
      expect(added.code).toBe(1);
      expect(added.json).toMatchObject({ code: 7, msg: expect.stringContaining(names) });
      expect(status(node, config).json).toMatchObject({
        code: 50,
        msg: expect.stringContaining(names),
      });

      const conflist = join(node.dataDir, "other.conflist");
      const { cniVersion, name, ...plugin }: Json = { ...node.config, ...config };
      const file = JSON.stringify({ cniVersion, name, plugins: [plugin] });
      node.run("sh", "-c", `cat > ${conflist} <<'EOF'\n${file}\nEOF`);
      for (const dryRun of [[], ["--dry-run"]]) {
        const installed = inNamespace(node.lab.node, [
          binary,
          "install",
          "--conflist",
          conflist,
          "--bin-dir",
          join(node.dataDir, "bin"),
          "--conf-dir",
          join(node.dataDir, "net.d"),
          ...dryRun,
        ]);
        expect(installed.code).toBe(1);
        expect(installed.stderr).toContain(names);
      }
      const examined = inNamespace(node.lab.node, [
        binary,
        "doctor",
        "--json",
        "--config",
        conflist,
      ]);
      const { findings } = JSON.parse(examined.stdout) as { findings: Json[] };
      expect(findings).toContainEqual(
        expect.objectContaining({
          id: "subnet",
          level: "error",
          found: expect.stringContaining(names),
        }),
      );
      expect(dumpNode(node.lab.node)).toBe(state);
    }),
);

test("a company's network around it, and what Fairway made itself, are no conflict", () =>
  withNode((node) => {
    node.run("ip", "route", "add", "198.16.0.0/12", "via", addresses.remote);
    const [a, b] = [node.pod("a"), node.pod("b")];
    node.add(a);
    // What leads to something behind a pod is the bridge's, too.
    node.run("ip", "route", "add", "198.19.1.128/26", "dev", "fw0");
    node.add(b);
    expect(status(node, {}).code).toBe(0);
    const { stdout } = node.fairway("doctor", "--json");
    const { findings } = JSON.parse(stdout) as { findings: Json[] };
    expect(findings.filter(({ id }) => id === "subnet")).toEqual([
      expect.objectContaining({
        level: "warn",
        found: expect.stringContaining("198.16.0.0/12 via 198.18.0.2"),
      }),
    ]);
  }));

/** Whether the ADDs of these pods had to look at each route, by what they remember of their looks. */
const remembered = (node: TestNode): string | null => {
  const db = new Database(join(node.dataDir, "ledger.db"), { readonly: true });
  try {
    const row = db
      .query<{ value: string }, []>("select value from facts where key like 'surroundings of %'")
      .get();
    return row?.value ?? null;
  } finally {
    db.close();
  }
};

const dualStack = { ranges: [[{ subnet: "198.19.1.0/24" }], [{ subnet: "fd00:19::/64" }]] };

test.each<[string, string[], string]>([
  ["a route", ["route", "add", "198.19.1.64/26", "via", addresses.remote], "198.19.1.64/26"],
  ["a route of IPv6", ["route", "add", "blackhole", "fd00:19::80/121"], "fd00:19::80/121"],
  ["an address", ["address", "add", "198.19.1.200/32", "dev", "uplink"], "198.19.1.200"],
  ["an address of IPv6", ["address", "add", "fd00:19::77/128", "dev", "uplink"], "fd00:19::77"],
])(
  "%s that comes into the way later is refused by the next ADD; the pods that are there go on",
  (_, words, names) =>
    withNode((node) => {
      node.config.ipam = dualStack;
      const a = node.pod("a");
      const first = node.add(a);
      for (const name of ["b", "c"]) node.add(node.pod(name));
      const seen = remembered(node);
      expect(seen).not.toBeNull();
      node.add(node.pod("d"));
      expect(remembered(node)).toBe(seen);
      node.run("ip", ...words);
      const e = node.pod("e");
      expect(node.verb("ADD", e).json).toMatchObject({
        code: 7,
        msg: expect.stringContaining(names),
      });
      expect(remembered(node)).toBe(seen);
      node.run("ip", ...words.map((word) => (word === "add" ? "del" : word)));
      node.add(e);
      expect(node.check(a, first).code).toBe(0);
    }),
);
