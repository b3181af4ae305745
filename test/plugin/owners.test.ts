/** What belongs to others: an ADD that could not put it back refuses it with words, and changes nothing; else `uninstall` puts it back. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import { dumpPod } from "../support/dump.ts";
import { giveSizes, sizesOf } from "../support/gso.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { dumpNetwork } from "../support/whole.ts";

const nowhere = ["--bin-dir", "/none/bin", "--conf-dir", "/none/net.d"];
const uplink = { egressCapacity: "400M", ingressCapacity: "400M" };
const overWan = { uplink: { ...uplink, name: "wan" } };

/** Each a command of the node. */
const run = (node: TestNode, commands: readonly string[]): void => {
  for (const command of commands) node.run(...command.split(" "));
};

/** A tap has real queues, unlike a veth: the kernel gives it an mq. */
const wan = ["ip tuntap add mode tap multi_queue name wan", "ip link set dev wan up"];

/** With what hangs on the hooks. */
function whole(node: TestNode): string {
  const hooks = ["ingress", "egress"].map((hook) =>
    node.run("sh", "-c", `tc filter show dev uplink ${hook}`),
  );
  return [dumpNetwork(node.lab.node), ...hooks].join("\n");
}

interface Foreign {
  title: string;
  theirs: string[];
  config?: Record<string, unknown>;
  code: number;
  /** What was found, and what to do. */
  says: string;
  todo: string;
  finding: string;
}

const kinds = [
  "pfifo limit 77",
  "bfifo limit 30000b",
  "htb default 9",
  "tbf rate 9mbit burst 9k limit 90k",
];

const rows: Foreign[] = [
  {
    title: "an mq with somebody's queue below it",
    theirs: [
      ...wan,
      "tc qdisc replace dev wan root handle 1: mq",
      "tc qdisc replace dev wan parent 1:1 handle 11: pfifo limit 10",
    ],
    config: overWan,
    code: 104,
    says: "the root qdisc of wan is mq 1: (with pfifo 11: at 1:1 below it)",
    todo: "tc qdisc del dev wan root",
    finding: "root.wan",
  },
  {
    title: "an mq with somebody's tree below it, and a queue of no settings",
    theirs: [
      ...wan,
      "tc qdisc replace dev wan root handle 1: mq",
      "tc qdisc replace dev wan parent 1:2 handle 20: htb default 1",
      "tc class add dev wan parent 20: classid 20:1 htb rate 5mbit",
      "tc qdisc replace dev wan parent 1:3 handle 30: pfifo_fast",
    ],
    config: overWan,
    code: 104,
    says: "the root qdisc of wan is mq 1: (with htb 20: at 1:2, pfifo_fast 30: at 1:3 below it)",
    todo: "tc qdisc del dev wan root",
    finding: "root.wan",
  },
  ...kinds.map(
    (kind): Foreign => ({
      title: `a root that somebody made: ${kind}`,
      theirs: [`tc qdisc replace dev uplink root handle 7: ${kind}`],
      code: 104,
      says: `the root qdisc of uplink is ${kind.split(" ")[0]} 7:`,
      todo: "tc qdisc del dev uplink root",
      finding: "root.uplink",
    }),
  ),
  {
    title: "a bridge of our name with somebody's port",
    theirs: [
      "ip link add name fw0 type bridge",
      "ip link add name vm0 type veth peer name vm1",
      "ip link set dev vm0 master fw0",
    ],
    code: 7,
    says: "there is a bridge fw0 already, which is not Fairway's (its MAC is",
    todo: "give another name in `bridge`",
    finding: "names",
  },
  {
    title: "a bridge of our name that a device stands on",
    theirs: [
      "ip link add name fw0 type bridge",
      "ip link add link fw0 name over type macvlan mode bridge",
    ],
    code: 7,
    says: "with the macvlan over on it",
    todo: "give another name in `bridge`",
    finding: "names",
  },
  {
    title: "a device of our bridge's name that is none",
    theirs: ["ip link add name fw0 type veth peer name fw1"],
    code: 7,
    says: "bridge: there is an interface fw0 already, which is not Fairway's: a veth",
    todo: "give another name in `bridge`",
    finding: "names",
  },
  {
    title: "a table of our name with somebody's chain",
    theirs: [
      "nft add table inet fairway",
      "nft add chain inet fairway mine { type filter hook input priority 0 ; }",
    ],
    code: 7,
    says: "there is a table inet fairway already, in which nothing is Fairway's",
    todo: "nft list table inet fairway",
    finding: "names",
  },
];

/** What `doctor` says of one finding. */
function finding(node: TestNode, id: string, config: Record<string, unknown>): string {
  const file = join(node.dataDir, "asked.conf");
  writeFileSync(file, JSON.stringify({ ...node.config, ...config }));
  const { stdout } = node.fairway("doctor", "--config", file);
  return stdout
    .split("\n")
    .filter((line) => line.split(/\s+/).includes(id))
    .join("\n");
}

describe("refused, and nothing is changed", () => {
  test.each(rows.map((row) => [row.title, row] as const))("%s", (_, row) =>
    withNode((node) => {
      run(node, row.theirs);
      const { config = {}, code, says, todo } = row;
      const pod = node.pod("a");
      const before = [whole(node), dumpPod(pod.namespace)];
      const refusal = {
        msg: expect.stringContaining(says),
        details: expect.stringContaining(todo),
      };
      expect(node.verb("ADD", pod, { config }).json).toMatchObject({ code, ...refusal });
      const status = node.verb("STATUS", pod, { config: { ...config, cniVersion: "1.1.0" } });
      expect(status.json).toMatchObject({ code: 50, ...refusal });
      const told = finding(node, row.finding, config);
      expect(told).toStartWith("ERROR");
      expect(told).toContain(says.replace(/^the root qdisc of \w+ is /, ""));
      expect([whole(node), dumpPod(pod.namespace)]).toEqual(before);
    }),
  );
});

interface Returning {
  title: string;
  theirs: string[];
  config?: Record<string, unknown>;
}

const comesBack: Returning[] = [
  {
    title: "a pfifo_fast of somebody's",
    theirs: ["tc qdisc replace dev uplink root handle 7: pfifo_fast"],
  },
  {
    title: "a noqueue of somebody's",
    theirs: ["tc qdisc replace dev uplink root handle 7: noqueue"],
  },
  {
    title: "an mq of somebody's over the kernel's own queues",
    theirs: [...wan, "tc qdisc replace dev wan root handle 1: mq"],
    config: overWan,
  },
  { title: "an mq of the kernel's", theirs: wan, config: overWan },
  { title: "an uplink without a queue", theirs: ["ip link set dev uplink txqueuelen 0"] },
  { title: "an uplink with a length of its own", theirs: ["ip link set dev uplink txqueuelen 77"] },
  {
    title: "hooks of somebody's on the uplink, with filters",
    theirs: [
      "tc qdisc add dev uplink clsact",
      "tc filter add dev uplink egress pref 9 protocol ip u32 match ip dport 9 0xffff flowid 1:1",
      "tc filter add dev uplink ingress pref 9 protocol ip u32 match ip dport 9 0xffff flowid 1:1",
    ],
  },
  { title: "an uplink that is promiscuous", theirs: ["ip link set dev uplink promisc on"] },
  {
    title: "another bridge, with a port and a root of its own",
    theirs: [
      "ip link add name br0 type bridge",
      "ip link add name vm0 type veth peer name vm1",
      "ip link set dev vm0 master br0",
      "tc qdisc add dev br0 root handle 7: pfifo limit 9",
    ],
  },
  {
    title: "another table at the same hooks",
    theirs: [
      "nft add table inet theirs",
      "nft add chain inet theirs forward { type filter hook forward priority 0 ; }",
      "nft add rule inet theirs forward ip daddr 198.18.77.0/24 drop",
    ],
  },
];

describe("taken, and put back by uninstall", () => {
  test.each(comesBack.map((row) => [row.title, row] as const))("%s", (_, row) =>
    withNode((node) => {
      run(node, row.theirs);
      const { config = {} } = row;
      const before = whole(node);
      const pod = node.pod("a");
      node.add(pod, { config });
      expect(whole(node)).not.toBe(before);
      node.del(pod, { config });
      const done = node.fairway("uninstall", ...nowhere);
      expect(done).toMatchObject({ code: 0, stderr: "" });
      expect(done.stdout).not.toContain("not put back");
      expect(whole(node)).toBe(before);
    }),
  );

  test("a size of IPv4's own, on the uplink", () =>
    withNode((node) => {
      const netns = namespacePath(node.lab.node);
      const before = { gsoMaxBytes: 65_536, gsoIpv4MaxBytes: 30_000 };
      giveSizes(netns, "uplink", before);
      expect(sizesOf(netns, "uplink")).toEqual(before);
      const pod = node.pod("a");
      node.add(pod);
      expect(sizesOf(netns, "uplink")).toEqual({ gsoMaxBytes: 9_000, gsoIpv4MaxBytes: 9_000 });
      node.del(pod);
      expect(node.fairway("uninstall", ...nowhere).code).toBe(0);
      expect(sizesOf(netns, "uplink")).toEqual(before);
    }));
});
