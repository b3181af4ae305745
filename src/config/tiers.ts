import { type Direction, directions } from "../plan/node.ts";
import { parseBurst } from "./burst.ts";
import { parseGuaranteeBits, parseLatencyTargetUs, parseLimitBits } from "./quantities.ts";
import { isObject, Section } from "./section.ts";
import type { Tier, TierDirection } from "./types.ts";

function parseDirection(section: Section, direction: Direction): TierDirection {
  const guaranteeBits = section.quantity(`${direction}Guarantee`, parseGuaranteeBits);
  const limitBits = section.quantity(`${direction}Limit`, parseLimitBits);
  const burst = section.quantity(`${direction}Burst`, parseBurst);
  return {
    ...(guaranteeBits === undefined ? {} : { guaranteeBits }),
    ...(limitBits === undefined ? {} : { limitBits }),
    ...(burst === undefined ? {} : { burst }),
  };
}

function parseTier(section: Section): Tier {
  const [egress, ingress] = directions.map((direction) => parseDirection(section, direction));
  const latencyTargetUs = section.parse("latencyTarget", parseLatencyTargetUs);
  return {
    egress: egress ?? {},
    ingress: ingress ?? {},
    ...(latencyTargetUs === undefined ? {} : { latencyTargetUs }),
  };
}

/** A tier's name is an annotation's value and stands in messages and metrics. */
export const tierAdvice =
  "A tier's name has up to 63 letters, digits, '_', '.' and '-', and begins with a letter or a digit.";
export const tierPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;

/** `section` is the value of `tiers`. */
export function parseTiers(section: Section): Record<string, Tier> {
  const tiers = Object.entries(section.value).flatMap(([name, value]): [string, Tier][] => {
    if (!tierPattern.test(name)) {
      section.problems.add(
        section.key(name),
        `${JSON.stringify(name)} cannot name a tier`,
        tierAdvice,
      );
      return [];
    }
    if (!isObject(value)) return [];
    return [[name, parseTier(new Section(value, section.key(name), section.problems))]];
  });
  return Object.fromEntries(tiers);
}
