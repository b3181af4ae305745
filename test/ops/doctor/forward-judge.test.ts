/** Chains of others at the hook forward, as nft and iptables-legacy print them, and what they do with pods' packets. */
import { describe, expect, test } from "bun:test";
import { type ForwardTable, judgeForward } from "../../../src/ops/doctor/forward-judge.ts";
import { legacyTable } from "../../../src/ops/doctor/forward-legacy.ts";
import type { NftItem, Statement } from "../../../src/ops/doctor/forward-nft.ts";

const network = { bridge: "fw0", uplink: "eth0", subnets: ["198.19.1.0/24"] };

type Chains = Record<string, Statement[][]>;

/** A table whose chain `f` stands at the hook, with this policy; the others are jumped to. */
function tableWith(
  policy: "accept" | "drop",
  chains: Chains,
  {
    family = "inet",
    name = "fw",
    sets = {},
  }: { family?: string; name?: string; sets?: Record<string, NftItem[]> } = {},
): ForwardTable {
  return {
    isLegacy: false,
    table: {
      family,
      name,
      chains: Object.keys(chains).map((chain) => ({
        family,
        table: name,
        name: chain,
        ...(chain === "f" || chain === "FORWARD" ? { hook: "forward", prio: 0, policy } : {}),
      })),
      rules: Object.entries(chains).flatMap(([chain, rules]) =>
        rules.map((expr) => ({ chain, expr })),
      ),
      elements: new Map(Object.entries(sets)),
    },
  };
}

const meta = (key: string, right: NftItem, op = "=="): Statement => ({
  match: { op, left: { meta: { key } }, right },
});
const ip = (field: string, right: NftItem, op = "=="): Statement => ({
  match: { op, left: { payload: { protocol: "ip", field } }, right },
});
const ct = (right: NftItem): Statement => ({
  match: { op: "in", left: { ct: { key: "state" } }, right },
});
const prefix = (addr: string, len: number) => ({ prefix: { addr, len } });
const accept = { accept: null };
const drop = { drop: null };
const reject = { reject: { type: "icmpx", expr: "admin-prohibited" } };
const jump = (target: string): Statement => ({ jump: { target } });
const xt = (name: string, type = "match"): Statement => ({ xt: { type, name } });

const out = "what pods send beyond the node";
const into = "what is sent to pods from beyond the node";
const within = "what pods of this node send each other";

interface Row {
  title: string;
  given: ForwardTable;
  /** What is dropped; none: no finding. */
  dropped: string[];
}

const rows: Row[] = [
  { title: "no rule, policy accept", given: tableWith("accept", { f: [] }), dropped: [] },
  { title: "policy drop", given: tableWith("drop", { f: [] }), dropped: [out, into, within] },
  {
    title: "policy drop, and only what belongs to a connection passes",
    given: tableWith("drop", { f: [[ct(["established", "related"]), accept]] }),
    dropped: [out, into, within],
  },
  {
    title: "policy drop, and another bridge passes",
    given: tableWith("drop", { f: [[meta("iifname", "docker0"), accept]] }),
    dropped: [out, into, within],
  },
  {
    title: "policy drop, and the bridge passes both ways",
    given: tableWith("drop", {
      f: [
        [meta("iifname", "fw0"), accept],
        [meta("oifname", "fw0"), accept],
      ],
    }),
    dropped: [],
  },
  {
    title: "policy drop, and the bridge passes out only",
    given: tableWith("drop", { f: [[meta("iifname", { set: ["a", "fw*"] }), accept]] }),
    dropped: [into],
  },
  {
    title: "policy drop, and the pods' addresses pass, as flannel has it",
    given: tableWith("drop", {
      f: [
        [ip("saddr", prefix("198.19.0.0", 16)), accept],
        [ip("daddr", prefix("198.19.0.0", 16)), accept],
      ],
    }),
    dropped: [],
  },
  {
    title: "policy drop, and a part of the pods' addresses passes",
    given: tableWith("drop", { f: [[ip("saddr", prefix("198.19.1.0", 25)), accept]] }),
    dropped: [out, into, within],
  },
  {
    title: "policy drop, and a named set with the pods' network passes",
    given: tableWith(
      "drop",
      {
        f: [
          [ip("saddr", "@pods"), accept],
          [ip("daddr", "@pods"), accept],
        ],
      },
      { sets: { pods: [prefix("198.19.0.0", 16)] } },
    ),
    dropped: [],
  },
  {
    title: "a reject at the end, as firewalld has it",
    given: tableWith("accept", {
      f: [[ct({ set: ["established", "related"] }), accept], [reject]],
    }),
    dropped: [out, into, within],
  },
  {
    title: "a reject for what does not come from the bridge",
    given: tableWith("accept", { f: [[meta("iifname", "fw0", "!="), reject]] }),
    dropped: [into],
  },
  {
    title: "a drop for one address beyond",
    given: tableWith("accept", { f: [[ip("daddr", "203.0.113.9"), drop]] }),
    dropped: [],
  },
  {
    title: "a drop of one port",
    given: tableWith("accept", {
      f: [
        [
          {
            match: { op: "==", left: { payload: { protocol: "tcp", field: "dport" } }, right: 25 },
          },
          drop,
        ],
      ],
    }),
    dropped: [],
  },
  {
    title: "a drop in a chain that all jump to",
    given: tableWith("accept", {
      f: [[jump("zone")]],
      zone: [[ct("established"), accept], [drop]],
    }),
    dropped: [out, into, within],
  },
  {
    title: "a chain that returns before its drop",
    given: tableWith("accept", {
      f: [[jump("zone")]],
      zone: [
        [meta("iifname", "fw0"), { return: null }],
        [meta("oifname", "fw0"), { return: null }],
        [drop],
      ],
    }),
    dropped: [],
  },
  {
    title: "a verdict map by interface",
    given: tableWith("drop", {
      f: [
        [
          {
            vmap: {
              key: { meta: { key: "iifname" } },
              data: {
                set: [
                  ["lo", accept],
                  ["fw0", jump("zone")],
                  ["eth0", accept],
                ],
              },
            },
          },
        ],
      ],
      zone: [[accept]],
    }),
    dropped: [],
  },
  {
    title: "iptables-nft: marked packets pass, as kube-proxy has it, and the policy drops the rest",
    given: tableWith(
      "drop",
      {
        FORWARD: [[xt("comment"), jump("KUBE-FORWARD")]],
        "KUBE-FORWARD": [
          [xt("mark"), accept],
          [xt("conntrack"), accept],
        ],
      },
      { family: "ip", name: "filter" },
    ),
    dropped: [out, into, within],
  },
  {
    title: "iptables-nft: an extension that nobody here knows accepts",
    given: tableWith("drop", { FORWARD: [[xt("set"), accept]] }, { family: "ip", name: "filter" }),
    dropped: [],
  },
  {
    title: "iptables-nft: REJECT, an extension's target",
    given: tableWith(
      "accept",
      { FORWARD: [[xt("REJECT", "target")]] },
      { family: "ip", name: "filter" },
    ),
    dropped: [out, into, within],
  },
  {
    title: "a table of IPv6, and pods of IPv4",
    given: tableWith("drop", { f: [] }, { family: "ip6" }),
    dropped: [],
  },
  {
    title: "a table of the bridge family",
    given: tableWith("drop", { f: [] }, { family: "bridge" }),
    dropped: [within],
  },
  {
    title: "rules for IPv6 alone",
    given: tableWith("accept", { f: [[meta("nfproto", "ipv6"), drop]] }),
    dropped: [],
  },
];

const legacy = (lines: string[]): ForwardTable => ({
  isLegacy: true,
  table: legacyTable(lines.join("\n"), "ip"),
});

const legacyRows: Row[] = [
  {
    title: "legacy: policy ACCEPT",
    given: legacy(["-P INPUT DROP", "-P FORWARD ACCEPT"]),
    dropped: [],
  },
  {
    title: "legacy: policy DROP",
    given: legacy(["-P FORWARD DROP"]),
    dropped: [out, into, within],
  },
  {
    title: "legacy: policy DROP, and the bridge passes",
    given: legacy([
      "-P FORWARD DROP",
      '-A FORWARD -i fw+ -m comment --comment "of the pods -j DROP" -j ACCEPT',
      "-A FORWARD -o fw0 -j ACCEPT",
    ]),
    dropped: [],
  },
  {
    title: "legacy: a chain that rejects what is new",
    given: legacy([
      "-P FORWARD ACCEPT",
      "-N END",
      "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "-A FORWARD ! -i fw0 -p tcp -m tcp --dport 80 -j ACCEPT",
      "-A FORWARD -j END",
      "-A END -j REJECT --reject-with icmp-port-unreachable",
    ]),
    dropped: [out, into, within],
  },
];

describe("a chain at the hook forward", () => {
  for (const { title, given, dropped } of [...rows, ...legacyRows])
    test(title, () => {
      const found = judgeForward(given, [network]);
      expect(found).toHaveLength(dropped.length === 0 ? 0 : 1);
      const words = found[0]?.found ?? "";
      expect([out, into, within].filter((each) => words.includes(each))).toEqual(dropped);
    });
});

test("what to do is said in the words of who made it", () => {
  const todo = (given: ForwardTable): string | null | undefined =>
    judgeForward(given, [network])[0]?.todo;
  expect(todo(tableWith("drop", { f: [] }))).toContain(
    'nft insert rule inet fw f iifname "fw0" accept',
  );
  expect(todo(tableWith("drop", { f: [] }, { name: "firewalld" }))).toContain("firewall-cmd");
  const tables = { family: "ip", name: "filter" };
  expect(todo(tableWith("drop", { FORWARD: [] }, tables))).toContain(
    "iptables -I FORWARD -i fw0 -j ACCEPT",
  );
  expect(todo(tableWith("drop", { FORWARD: [], "DOCKER-USER": [] }, tables))).toContain(
    "iptables -I DOCKER-USER -o fw0 -j ACCEPT",
  );
  expect(todo(legacy(["-P FORWARD DROP"]))).toContain("iptables-legacy -I FORWARD");
});
