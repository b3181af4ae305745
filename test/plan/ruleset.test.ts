import { describe, expect, test } from "bun:test";
import type { Ruleset } from "../../src/plan/kinds/ruleset.ts";
import {
  classMap,
  hostPortMap,
  masqueradeExceptSet,
  masqueradeSet,
  table,
} from "../../src/plan/names.ts";
import type { IngressPlace } from "../../src/plan/node.ts";
import { type RulesetNeeds, ruleset } from "../../src/plan/ruleset.ts";

const bridgeOf = (name: string): IngressPlace => ({ kind: "bridge", name, owned: true });
const police = { uplink: "eth0", bytesPerSecond: 1000, burstBytes: 65_536 };
const rulesetOf = (bridge: string, over: Partial<RulesetNeeds> = {}): Ruleset =>
  ruleset({ place: bridgeOf(bridge), masquerades: true, hostPolice: police, ...over });

const chain = (bridge: string, name: string) => {
  const found = rulesetOf(bridge).chains.find((c) => c.name === name);
  if (found === undefined) throw new Error(`no chain ${name}`);
  return found;
};

describe("the table", () => {
  test("has a map of classes and the sets of masquerade", () => {
    expect(rulesetOf("fw0")).toMatchObject({
      table,
      sets: [
        { name: classMap[4], kind: "map" },
        { name: classMap[6], kind: "map" },
        { name: hostPortMap, kind: "map" },
        { name: masqueradeSet[4], kind: "set" },
        { name: masqueradeExceptSet[4], kind: "set" },
        { name: masqueradeSet[6], kind: "set" },
        { name: masqueradeExceptSet[6], kind: "set" },
      ],
    });
  });

  test("speaks of no set that it does not have", () => {
    const { sets, chains } = rulesetOf("fw0");
    const spoken = chains.flatMap((c) => c.rules.flatMap((r) => [...r.text.matchAll(/@(\w+)/g)]));
    expect(spoken.length).toBeGreaterThan(3);
    for (const [, name] of spoken) expect(sets.map((s) => s.name)).toContain(name ?? "");
  });

  test("classifies after routing and before source NAT", () => {
    const [classify, nat] = [chain("fw0", "classify"), chain("fw0", "source-nat")];
    expect(classify).toMatchObject({ type: "filter", hook: "postrouting", priority: -150 });
    expect(nat).toMatchObject({ type: "nat", hook: "postrouting", priority: 100 });
    expect(classify.priority).toBeLessThan(nat.priority);
  });

  test("takes what the host sends and what pods send each other out of ingress, in that order", () => {
    expect(chain("fw0", "classify").rules.map((r) => r.id.split(" ")[1])).toEqual([
      "egress",
      "egress-6",
      "from-host",
      "discovery",
      "host-dport",
      "host-sport",
      "east-west",
      "east-west-6",
      "ingress",
      "ingress-6",
    ]);
  });
});

test("nobody masquerades: no chain that translates, which would have the kernel track connections", () => {
  const { chains } = rulesetOf("fw0", { masquerades: false });
  expect(chains.map((c) => c.name)).toEqual(["classify", "host-ingress"]);
  const texts = chains.flatMap((c) => c.rules.map((r) => r.text));
  expect(texts.filter((text) => /\bct\b|masquerade|[sd]nat/.test(text))).toEqual([]);
});

describe("a rule's comment", () => {
  test("is the same for the same text", () => {
    expect(rulesetOf("fw0")).toEqual(rulesetOf("fw0"));
  });

  test("is another for another text", () => {
    for (const name of ["classify", "source-nat"])
      for (const [i, { id, text }] of chain("fw0", name).rules.entries()) {
        const other = chain("fw1", name).rules[i];
        expect(id === other?.id).toBe(text === other?.text);
      }
  });

  test("is one of its own, and short enough for nftables", () => {
    const ids = rulesetOf("fw0").chains.flatMap((c) => c.rules.map((r) => r.id));
    expect(new Set(ids).size).toBe(ids.length);
    // NFTNL_UDATA_COMMENT_MAXLEN, libnftnl.
    for (const id of ids) expect(id).toMatch(/^fairway [\w-]+ [0-9a-f]{8}$/);
    for (const id of ids) expect(id.length).toBeLessThan(128);
  });
});

describe("the host's ingress", () => {
  test("is policed by one rule after what passes, on the way in", () => {
    const { hook, rules } = chain("fw0", "host-ingress");
    expect(hook).toBe("input");
    expect(rules.map((r) => r.id.split(" ")[1])).toEqual([
      "host-others",
      "host-not-tcp",
      "host-small",
      "host-police",
    ]);
    expect(rules.at(-1)?.text).toBe("limit rate over 1000 bytes/second burst 65536 bytes drop");
  });

  test("another rate is another rule", () => {
    const idsAt = (bytesPerSecond: number) =>
      rulesetOf("fw0", { hostPolice: { ...police, bytesPerSecond } }).chains.flatMap((c) =>
        c.rules.map((r) => r.id),
      );
    expect(idsAt(1000)).not.toEqual(idsAt(2000));
  });

  test("is left alone without a police", () => {
    expect(rulesetOf("fw0", { hostPolice: null }).chains.map((c) => c.name)).toEqual([
      "classify",
      "source-nat",
    ]);
  });
});
