/**
 * nft as oracle: each table is made by nft in one namespace and by our messages in another, and then the
 * kernel has to tell the same of both, byte by byte, and nft has to list the same.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { nfgenmsg } from "../../../src/kernel/netlink/structs.ts";
import { NFT_MSG } from "../../../src/kernel/netlink/tables.ts";
import { inNetns } from "../../../src/kernel/netns.ts";
import { TableDigest } from "../../../src/kernel/read/table-digest.ts";
import { TableReader } from "../../../src/kernel/read/tables.ts";
import type { ElementChange } from "../../../src/kernel/write/elements.ts";
import {
  changeTables,
  takeUnclosed,
  tryTables,
  withNetfilterSocket,
} from "../../../src/kernel/write/transaction.ts";
import { guardRuleset } from "../../../src/plan/guard.ts";
import { element, elementOf } from "../../../src/plan/kinds/element.ts";
import type { Op } from "../../../src/plan/kinds/kind.ts";
import {
  type Command,
  type Ruleset,
  ruleset as rulesetKind,
  type Script,
} from "../../../src/plan/kinds/ruleset.ts";
import type { IngressPlace } from "../../../src/plan/node.ts";
import { type HostPolice, ruleset } from "../../../src/plan/ruleset.ts";
import {
  addNamespace,
  delNamespace,
  mustInNamespace,
  namespacePath,
} from "../../../src/prove/lab/namespaces.ts";
import { must } from "../../../src/prove/lab/run.ts";
import { rawTable } from "../../support/raw-tables.ts";

const namespaces: string[] = [];
afterEach(() => {
  for (const namespace of namespaces.splice(0)) delNamespace(namespace);
});

function made(name: string): string {
  const namespace = `fwt-tables-${process.pid}-${name}`;
  addNamespace(namespace);
  namespaces.push(namespace);
  return namespace;
}

interface Way {
  namespace: string;
  /** Makes, changes or deletes a table. */
  apply(op: Op, want: Ruleset, have: Ruleset | null): void;
  elements(changes: ElementChange[]): void;
}

const nft = (namespace: string, text: string): string =>
  mustInNamespace(namespace, ["nft", "-f", "-"], { stdin: `${text}\n` });

const actOf = (op: Op, want: Ruleset, have: Ruleset | null) => {
  const [act] = rulesetKind.acts(op, want, have);
  if (act?.does == null) throw new Error("a table has one act");
  return { text: act.line.text, script: act.does };
};

function byNft(): Way {
  const namespace = made("nft");
  return {
    namespace,
    apply: (op, want, have) => void nft(namespace, actOf(op, want, have).text),
    elements: (changes) =>
      void nft(
        namespace,
        changes
          .flatMap((change) =>
            element.acts(change.isGone ? "delete" : "create", change.element, null),
          )
          .map(({ line }) => line.text)
          .join("\n"),
      ),
  };
}

const within = <T>(namespace: string, work: () => T): T => inNetns(namespacePath(namespace), work);

function byMessages(): Way {
  const namespace = made("own");
  const done = (refused: ReturnType<typeof changeTables>): void => expect(refused).toBeNull();
  return {
    namespace,
    apply: (op, want, have) =>
      within(namespace, () => done(changeTables([actOf(op, want, have).script]))),
    elements: (changes) => within(namespace, () => done(changeTables(changes))),
  };
}

function observed(namespace: string, table: string): Ruleset {
  const found = within(namespace, () => {
    using reader = new TableReader();
    return reader.ruleset(table);
  });
  if (found === null) throw new Error(`no table ${table}`);
  return found;
}

/** Debian 12's. Another may compile the same text to other bytes that do the same. */
const hasSameBytes = must(["nft", "--version"]).includes(" v1.0.6 ");

const bytesShown = (namespace: string, table: string) => ({
  raw: rawTable(namespace, table),
  digest: within(namespace, () => {
    using digest = new TableDigest();
    const { rules, elements } = digest.look([table]);
    return { rules, elements };
  }),
});

const shown = (namespace: string, table: string) => ({
  text: mustInNamespace(namespace, ["nft", "list", "ruleset"]),
  json: JSON.parse(mustInNamespace(namespace, ["nft", "-j", "list", "ruleset"])) as unknown,
  ...(hasSameBytes && bytesShown(namespace, table)),
});

const places: Record<string, IngressPlace> = {
  "our bridge": { kind: "bridge", name: "fw0", owned: true },
  "another plugin's bridge": { kind: "bridge", name: "cni0.fifteenchr", owned: false },
  "the IFB": { kind: "ifb", name: "fwifb" },
};
const polices: Record<string, HostPolice | null> = {
  "no policer": null,
  "a policer": { uplink: "eth0.100", bytesPerSecond: 12_500_001, burstBytes: 250_007 },
  // The kernel holds little more, and the rate does not fit into 32 bits.
  "a large policer": { uplink: "bond0", bytesPerSecond: 17_000_000_000, burstBytes: 600_000_000 },
};

const variants: [title: string, Ruleset][] = [
  ["the guard", guardRuleset()],
  ...Object.entries(places).flatMap(([where, place]) =>
    Object.entries(polices).flatMap(([policing, hostPolice]) =>
      [true, false].map((masquerades): [string, Ruleset] => [
        `${where}, ${policing}, ${masquerades ? "masquerade" : "none that translates"}`,
        ruleset({ place, masquerades, hostPolice }),
      ]),
    ),
  ),
];

describe.each(variants)("a table for %s", (_, want) => {
  test("is the same by our messages as by nft, and neither finds anything to do on the other's", () => {
    const ways = [byNft(), byMessages()] as const;
    for (const way of ways) way.apply("create", want, null);
    const [nfts, own] = ways.map(({ namespace }) => shown(namespace, want.table));
    expect(own).toEqual(nfts as NonNullable<typeof nfts>);
    expect(own?.text.match(/comment "fairway /g)?.length).toBeGreaterThanOrEqual(10);
    for (const { namespace } of ways)
      expect(rulesetKind.differ(want, observed(namespace, want.table))).toEqual([]);
  });

  test("is deleted", () => {
    const way = byMessages();
    way.apply("create", want, null);
    way.apply("delete", want, null);
    expect(mustInNamespace(way.namespace, ["nft", "list", "ruleset"])).toBe("");
  });
});

const bridge: IngressPlace = { kind: "bridge", name: "fw0", owned: true };
const police: HostPolice = { uplink: "eth0", bytesPerSecond: 1_000_000, burstBytes: 65_536 };
const full = ruleset({ place: bridge, masquerades: true, hostPolice: police });

interface Changed {
  title: string;
  from: Ruleset;
  to: Ruleset;
  /** What somebody did before. */
  harm?: string;
}

const changes: Changed[] = [
  {
    title: "another rate for the host",
    from: full,
    to: ruleset({
      place: bridge,
      masquerades: true,
      hostPolice: { ...police, bytesPerSecond: 2_000_000 },
    }),
  },
  {
    title: "chains that are not wanted any more",
    from: full,
    to: ruleset({ place: bridge, masquerades: false, hostPolice: null }),
  },
  {
    title: "a set and chains that are new",
    from: ruleset({ place: bridge, masquerades: false, hostPolice: null }),
    to: ruleset({ place: { kind: "ifb", name: "fwifb" }, masquerades: false, hostPolice: police }),
  },
  {
    title: "a chain with another hook, and one with a policy",
    from: full,
    to: full,
    harm: `delete chain inet fairway host-ingress
add chain inet fairway host-ingress { type filter hook output priority 7; }
add chain inet fairway classify { policy drop; }`,
  },
  { title: "rules that were flushed", from: full, to: full, harm: "flush table inet fairway" },
  {
    title: "a table that sleeps",
    from: full,
    to: full,
    harm: "add table inet fairway { flags dormant; }",
  },
  {
    title: "a set that was deleted",
    from: guardRuleset(),
    to: guardRuleset(),
    harm: "flush chain bridge fairway promiscuous\ndelete set bridge fairway podmac",
  },
];

test.each(changes)(
  "a change is the same by our messages as by nft: $title",
  ({ from, to, harm }) => {
    const ways = [byNft(), byMessages()] as const;
    const [nfts, own] = ways.map((way) => {
      way.apply("create", from, null);
      if (from.table === "inet fairway")
        way.elements([
          { isGone: false, element: elementOf("class4", "198.18.0.2", "fa01:10") },
          { isGone: false, element: elementOf("masq4", "198.18.0.0/24") },
        ]);
      if (harm !== undefined) nft(way.namespace, harm);
      const have = observed(way.namespace, to.table);
      expect(rulesetKind.differ(to, have)).not.toEqual([]);
      way.apply("change", to, have);
      expect(rulesetKind.differ(to, observed(way.namespace, to.table))).toEqual([]);
      return shown(way.namespace, to.table);
    });
    expect(own).toEqual(nfts as NonNullable<typeof nfts>);
  },
);

const put = (set: string, key: string): ElementChange => ({
  isGone: false,
  element: elementOf(set, key),
});
const take = (set: string, key: string): ElementChange => ({ ...put(set, key), isGone: true });

test("runs of addresses are the same by our messages as by nft, at each step", () => {
  const ways = [byNft(), byMessages()] as const;
  for (const way of ways) way.apply("create", full, null);
  const rounds: ElementChange[][] = [
    [put("masq4", "198.18.0.0/24"), put("nomasq4", "198.18.0.0/24 . 198.19.0.0/16")],
    // One begins where another ends; one is a single address, one is no block, and one has nothing behind it.
    [put("masq4", "198.18.1.0/24"), put("masq4", "198.18.9.7"), put("masq4", "240.0.0.0/4")],
    [put("masq4", "198.18.20.0-198.18.22.7"), put("nomasq4", "198.18.1.0/24 . 0.0.0.0/0")],
    [put("masq6", "fd00:18::/64"), put("masq6", "fd00:18:0:1::7"), put("masq6", "ff00::/8")],
    [put("nomasq6", "fd00:18::/64 . fd00::/8"), put("nomasq6", "fd00:18:0:1::7 . ::/0")],
    // What is there already.
    [put("masq4", "198.18.0.0/24"), put("masq6", "ff00::/8")],
    [take("masq4", "198.18.1.0/24"), take("masq4", "240.0.0.0/4"), take("masq6", "ff00::/8")],
    [take("nomasq4", "198.18.1.0/24 . 0.0.0.0/0"), put("masq4", "198.18.1.0/25")],
    [take("masq4", "198.18.0.0/24"), take("masq4", "198.18.1.0/25"), take("masq4", "198.18.9.7")],
    [take("masq4", "198.18.20.0-198.18.22.7"), take("nomasq6", "fd00:18:0:1::7 . ::/0")],
  ];
  for (const round of rounds) {
    for (const way of ways) way.elements(round);
    const [nfts, own] = ways.map(({ namespace }) => shown(namespace, full.table));
    expect(own).toEqual(nfts as NonNullable<typeof nfts>);
  }
});

test("a run that overlaps another is refused, and which it was is told", () => {
  const { namespace, apply } = byMessages();
  apply("create", full, null);
  within(namespace, () => {
    expect(changeTables([put("masq4", "198.18.0.0/24"), put("masq4", "198.18.0.0/16")])).toEqual({
      at: 1,
      errno: 17,
      reason: "File exists",
    });
    using reader = new TableReader();
    expect(reader.elements("masq4")).toEqual([]);
  });
});

test("thousands of elements are one transaction, and so is their refusal", () => {
  const { namespace, apply } = byMessages();
  apply("create", full, null);
  const all = (value: string): ElementChange[] =>
    Array.from({ length: 6000 }, (_, n) => ({
      isGone: false,
      element: elementOf("class4", `198.18.${n >> 8}.${n & 255}`, value),
    }));
  within(namespace, () => {
    expect(changeTables(all("fa01:10"))).toBeNull();
    expect(changeTables(all("fa01:11"))).toMatchObject({ at: 0, errno: 17 });
    using reader = new TableReader();
    expect(reader.elements("class4")).toHaveLength(6000);
    expect(changeTables(all("fa01:10").map((each) => ({ ...each, isGone: true })))).toBeNull();
    expect(reader.elements("class4")).toEqual([]);
  });
});

test("a socket that is left open is used for its own namespace alone", () => {
  const { namespace } = byMessages();
  const other = made("other");
  const script = actOf("create", full, null).script;
  const tablesSeen = (): number =>
    withNetfilterSocket(
      (socket) => socket.dump(NFT_MSG.GETTABLE, nfgenmsg.encode({ family: 1 })).length,
    );
  within(namespace, () => {
    expect(changeTables([script])).toBeNull();
    expect(changeTables([actOf("change", full, full).script])).toBeNull();
    expect(tablesSeen()).toBe(1);
  });
  expect(within(other, tablesSeen)).toBe(0);
  takeUnclosed()?.[Symbol.dispose]();
});

describe("what is refused", () => {
  const broken = (commands: Command[]): Script => ({ table: full.table, commands });
  const [chain] = full.chains;
  if (chain === undefined) throw new Error("there is a chain");

  test("leaves nothing of its transaction, and is told by the name of the rule", () => {
    const namespace = made("own");
    const { script } = actOf("create", full, null);
    const commands = script.commands.map(
      (command): Command =>
        "add" in command && command.add === "rule" && command.rule.id.includes("ingress-6")
          ? { ...command, rule: { ...command.rule, does: [{ does: "masquerade" }] } }
          : command,
    );
    const told = {
      at: 1,
      errno: 95,
      reason: expect.stringMatching(
        /^Operation not supported, for rule "fairway ingress-6 \w{8}" of chain classify$/,
      ),
    };
    within(namespace, () => {
      expect(changeTables([broken([{ add: "table" }]), broken(commands)])).toEqual(told);
      expect(tryTables([broken([{ add: "table" }]), broken(commands)])).toEqual(told);
    });
    expect(mustInNamespace(namespace, ["nft", "list", "ruleset"])).toBe("");
  });

  test("is known before, and what would be accepted is not made", () => {
    const namespace = made("own");
    const { script } = actOf("create", full, null);
    within(namespace, () => expect(tryTables([script])).toBeNull());
    expect(mustInNamespace(namespace, ["nft", "list", "ruleset"])).toBe("");
  });

  test("is told for a kind of chain that the kernel does not have", () => {
    const namespace = made("own");
    const command: Command = { add: "chain", chain: { ...chain, type: "none" }, hasHook: true };
    within(namespace, () =>
      expect(changeTables([broken([{ add: "table" }, command])])).toEqual({
        at: 0,
        errno: 2,
        reason: "No such file or directory, for chain classify",
      }),
    );
  });
});
