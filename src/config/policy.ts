/**
 * What the operator lets a pod's author have, by namespace. A rule that a namespace leaves out is the
 * default's, so that naming a namespace does not open it.
 */
import { parseBurst } from "./burst.ts";
import { parseGuaranteeBits, parseLatencyTargetUs, parseLimitBits } from "./quantities.ts";
import { isObject, Section } from "./section.ts";
import type { DirectionRules, Policy, PolicyRules, Ruled } from "./types.ts";

const nothingRuled: PolicyRules = {
  annotations: null,
  tiers: null,
  egress: { maxGuaranteeBits: null, maxLimitBits: null, maxBurst: null },
  ingress: { maxGuaranteeBits: null, maxLimitBits: null, maxBurst: null },
  minLatencyTargetUs: null,
};

/** In a list it means all that there are. */
export const anyName = "*";

function parseRules(section: Section, inherited: PolicyRules): PolicyRules {
  const ruled = <T>(name: string, value: T | undefined, or: Ruled<T> | null): Ruled<T> | null =>
    value === undefined ? or : { key: section.key(name), value };
  const names = (name: "annotations" | "tiers"): Ruled<string[]> | null => {
    const given = section.get(name);
    const list = Array.isArray(given)
      ? given.filter((each) => typeof each === "string")
      : undefined;
    return ruled(name, list, inherited[name]);
  };
  const direction = (title: "Egress" | "Ingress", or: DirectionRules): DirectionRules => {
    const [guarantee, limit, burst] = [
      `max${title}Guarantee`,
      `max${title}Limit`,
      `max${title}Burst`,
    ];
    return {
      maxGuaranteeBits: ruled(
        guarantee,
        section.quantity(guarantee, parseGuaranteeBits),
        or.maxGuaranteeBits,
      ),
      maxLimitBits: ruled(limit, section.quantity(limit, parseLimitBits), or.maxLimitBits),
      maxBurst: ruled(burst, section.quantity(burst, parseBurst), or.maxBurst),
    };
  };
  return {
    annotations: names("annotations"),
    tiers: names("tiers"),
    egress: direction("Egress", inherited.egress),
    ingress: direction("Ingress", inherited.ingress),
    minLatencyTargetUs: ruled(
      "minLatencyTarget",
      section.parse("minLatencyTarget", parseLatencyTargetUs),
      inherited.minLatencyTargetUs,
    ),
  };
}

/** Kubernetes names a namespace with a label of RFC 1123. */
const namespacePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** `section` is the value of `policy`. */
export function parsePolicy(section: Section): Policy {
  const usual = parseRules(section.section("default"), nothingRuled);
  const named = section.section("namespaces");
  const namespaces = Object.entries(named.value).flatMap(
    ([name, value]): [string, PolicyRules][] => {
      if (!namespacePattern.test(name)) {
        named.problems.add(
          named.key(name),
          `${JSON.stringify(name)} cannot name a namespace`,
          "A namespace's name has up to 63 lower-case letters, digits and '-'; patterns are not understood.",
        );
        return [];
      }
      if (!isObject(value)) return [];
      return [[name, parseRules(new Section(value, named.key(name), named.problems), usual)]];
    },
  );
  return { default: usual, namespaces: Object.fromEntries(namespaces) };
}
