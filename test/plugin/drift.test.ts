/**
 * What other agents and people do to a node with pods on it: CHECK, STATUS and doctor say it, `repair` puts
 * it right, and a connection of a pod's that is open meanwhile lives on, with its pod's promise.
 */
import { describe, expect, test } from "bun:test";
import { addresses } from "../../src/prove/lab/wire.ts";
import { dumpNode } from "../support/dump.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { withTalk } from "../support/talk.ts";

interface Row {
  title: string;
  harm: string[];
  /** null: it says that all is well. */
  check: RegExp | null;
  status: RegExp | null;
  doctor: RegExp;
  /** What `repair` says where it does not mend; null: it mends. */
  refuses?: RegExp;
  /** What an operator does first, then. */
  operator?: string[];
  /** Over the node's configuration, and on the node before the pod. */
  config?: Record<string, unknown>;
  prepare?: string[];
  /** Where the egress tree is afterwards. */
  uplink?: string;
}

const rows: Row[] = [
  {
    title: "another agent deletes the root qdisc",
    harm: ["tc qdisc del dev uplink root"],
    check: /root qdisc of uplink/,
    status: null,
    doctor: /drift: .*root qdisc of uplink/,
  },
  {
    title: "another agent replaces the root qdisc",
    harm: ["tc qdisc replace dev uplink root handle 7: htb default 1"],
    check: /root qdisc of uplink is htb 7:, which is not Fairway's/,
    status: /root qdisc of uplink is htb 7:/,
    doctor: /root\.uplink: .*htb 7:/,
    refuses: /root qdisc of uplink is htb 7:/,
    operator: ["tc qdisc del dev uplink root"],
  },
  {
    title: "another agent flushes nftables",
    harm: ["nft flush ruleset"],
    check: /nftables table inet fairway/,
    status: null,
    doctor: /drift: .*nftables table inet fairway/,
  },
  {
    title: "somebody deletes the bridge",
    harm: ["ip link del dev fw0"],
    check: /bridge fw0 is missing/,
    status: null,
    doctor: /drift: bridge fw0 is missing/,
  },
  {
    title: "somebody renames the uplink",
    harm: [
      "ip link set dev uplink down",
      "ip link set dev uplink name wan0",
      "ip link set dev wan0 up",
    ],
    check: /uplink is missing/,
    status: /uplink\.name: there is no interface uplink/,
    doctor: /uplink: .*there is no interface uplink/,
    refuses: /there is no interface uplink/,
    operator: [
      "ip link set dev wan0 down",
      "ip link set dev wan0 name uplink",
      "ip link set dev uplink up",
    ],
  },
  {
    title: "somebody renames the uplink, which is found by its default route",
    prepare: ["ip route replace default via 198.18.0.2"],
    config: { uplink: { egressCapacity: "400M", ingressCapacity: "400M", gsoMaxSize: 9000 } },
    harm: [
      "ip link set dev uplink down",
      "ip link set dev uplink name wan0",
      "ip link set dev wan0 up",
      "ip route replace default via 198.18.0.2",
    ],
    check: /uplink is missing/,
    status: null,
    doctor: /drift: .*uplink is missing/,
    uplink: "wan0",
  },
  {
    title: "the link bounces: while it is down",
    harm: ["ip link set dev uplink down"],
    check: null,
    status: /the uplink uplink is down/,
    doctor: /uplink: .*is down/,
    operator: ["ip link set dev uplink up"],
  },
  {
    title: "somebody changes the bridge's MTU",
    harm: ["ip link set dev fw0 mtu 1400"],
    check: /bridge fw0: mtuBytes is 1400, should be 1500/,
    status: null,
    doctor: /drift: bridge fw0: mtuBytes is 1400/,
  },
  {
    title: "somebody changes the uplink's MTU",
    harm: ["ip link set dev uplink mtu 1400"],
    check: null,
    status: null,
    doctor: /uplink\.recorded: .*1400/,
    operator: ["ip link set dev uplink mtu 1500"],
  },
];

/** Bytes that passed the pod's class on a device. */
function counted(node: TestNode, dev: string): number {
  const text = node.run("tc", "-s", "class", "show", "dev", dev);
  const own = /class htb fa01:10 [\s\S]*?Sent (\d+) bytes/.exec(text)?.[1];
  if (own === undefined) throw new Error(`no class fa01:10 on ${dev}: ${text}`);
  return Number(own);
}

/** What the doctor complains of: "id: found". */
function findings(node: TestNode): string {
  const elsewhere = ["--bin-dir", "/nonexistent", "--conf-dir", "/nonexistent"];
  const { stdout } = node.fairway("doctor", "--json", ...elsewhere);
  const { findings: all } = JSON.parse(stdout) as {
    findings: { id: string; level: string; found: string }[];
  };
  return all
    .filter(({ level }) => level !== "ok")
    .map(({ id, found }) => `${id}: ${found}`)
    .join("\n");
}

/** A name decides where a line stands. */
const linesOf = (text: string): string[] =>
  text
    .split("\n")
    // The node's own default routes go with a link that is down; a rule's digest follows the uplink's name.
    .filter((line) => !line.startsWith("default via "))
    .map((line) => line.replace(/("fairway [\w-]+) [0-9a-f]{8}"/, '$1"'))
    .sort();

/** Somebody else's, beside ours. */
const neighbours = [
  "nft add table ip neighbour",
  "nft add chain ip neighbour input { type filter hook input priority 10 ; }",
  "ip link add name br-other type bridge",
  "ip address add 198.18.77.1/24 dev br-other",
];

const others = (node: TestNode): string =>
  [
    node.run("nft", "list", "table", "ip", "neighbour"),
    node.run("ip", "-o", "address", "show", "dev", "br-other"),
  ].join("\n");

describe("drift", () => {
  test.each(rows)(
    "$title",
    ({
      harm,
      check,
      status,
      doctor,
      refuses,
      operator = [],
      config = {},
      prepare = [],
      uplink = "uplink",
    }) =>
      withNode(
        async (node) => {
          const pod = node.pod("a");
          // Else the kernel takes the node's own IPv6 addresses away with the link, which are not ours.
          node.run("sysctl", "-qw", "net.ipv6.conf.uplink.keep_addr_on_down=1");
          for (const command of prepare) node.run(...command.split(" "));
          const annotations = { "fairway.dev/egress-guarantee": "50M" };
          const result = node.add(pod, { annotations });
          for (const command of neighbours) node.run(...command.split(" "));
          const run = (command: string) => node.run(...command.split(" "));
          const connection = {
            from: pod.namespace,
            to: node.lab.remote,
            host: addresses.remote,
            port: 7007,
          };
          await withTalk(connection, async ({ say }) => {
            await say("before");
            const flushed = harm.includes("nft flush ruleset");
            const before = dumpNode(node.lab.node);
            const theirs = others(node);
            for (const command of harm) run(command);

            const checked = node.check(pod, result);
            if (check === null) expect(checked.stdout).toBe("");
            else {
              expect(checked.json.code).toBe(109);
              expect(String(checked.json.msg)).toMatch(check);
            }
            const ready = node.verb("STATUS", pod, { config: { cniVersion: "1.1.0" } });
            if (status === null) expect(ready.stdout).toBe("");
            else expect(String(ready.json.msg)).toMatch(status);
            expect(findings(node)).toMatch(doctor);
            if (refuses !== undefined) {
              const harmed = dumpNode(node.lab.node);
              const refused = node.fairway("repair");
              expect(refused.code).toBe(1);
              expect(refused.stderr).toMatch(refuses);
              expect(dumpNode(node.lab.node)).toBe(harmed);
            }

            for (const command of operator) run(command);
            const repaired = node.fairway("repair");
            expect([repaired.code, repaired.stderr]).toEqual([0, ""]);
            // What was the neighbour's is gone where they flushed it, and we make none of it.
            if (flushed) for (const command of neighbours.slice(0, 2)) run(command);
            expect(others(node)).toBe(theirs);
            expect(linesOf(dumpNode(node.lab.node))).toEqual(
              linesOf(before.replaceAll(/\buplink\b/g, uplink)),
            );
            expect(node.fairway("explain").stdout).toContain("nothing to do");

            const bytes = { egress: counted(node, uplink), ingress: counted(node, "fw0") };
            await say("after");
            expect(counted(node, uplink)).toBeGreaterThan(bytes.egress);
            expect(counted(node, "fw0")).toBeGreaterThan(bytes.ingress);
            expect(node.check(pod, result).stdout).toBe("");
          });
        },
        { ipMasq: true, ...config },
      ),
  );
});
