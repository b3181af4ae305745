/** Decides whether one more guarantee fits, and tells whoever is refused what there is and who has it. */
import { formatRate } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import type { Direction } from "../plan/node.ts";
import { floorBits } from "../plan/shape.ts";
import { type Holder, leftBits, loadOf, type Tree } from "./capacity.ts";

export interface AdmissionAsk extends Tree {
  /** All attachments of the tree, those without a guarantee included. An entry of `holder` itself does not count: it is replaced. */
  held: readonly Holder[];
  /** 0 means best effort. */
  askedBits: number;
  holder: string;
  /** The tier that the guarantee comes from, for the refusal. */
  tier?: string | null;
}

export interface Refused {
  ok: false;
  direction: Direction;
  holder: string;
  tier: string | null;
  askedBits: number;
  /**
   * The largest guarantee that would have fitted; for best effort, what was left for its floor. It is never
   * negative.
   */
  freeBits: number;
  capacityBits: number;
  reserveBits: number;
  /** The sum of the guarantees that others hold. */
  promisedBits: number;
  /** How many best-effort pods there are already. */
  floors: number;
  /** The largest is the first, and there are at most five. */
  largest: Holder[];
}

export type Admission = { ok: true; freeBits: number } | Refused;

const largestShown = 5;

const bitsOf = (holders: readonly Holder[]): number[] => holders.map((each) => each.guaranteeBits);

/** Decides on one direction of one attachment, and changes nothing. */
export function admit(ask: AdmissionAsk): Admission {
  const { direction, holder, askedBits, capacityBits, hosts } = ask;
  const others = ask.held.filter((each) => each.holder !== holder);
  const freeAfter = leftBits(ask, loadOf([...bitsOf(others), askedBits]));
  if (freeAfter >= 0) return { ok: true, freeBits: freeAfter };
  const guaranteed = [...hosts, ...others].filter(({ guaranteeBits }) => guaranteeBits > 0);
  return {
    ok: false,
    direction,
    holder,
    tier: ask.tier ?? null,
    askedBits,
    freeBits: Math.max(0, leftBits(ask, loadOf(bitsOf(others)))),
    capacityBits,
    reserveBits: ask.reserveBits,
    promisedBits: loadOf(bitsOf(guaranteed)).guaranteedBits,
    floors: loadOf(bitsOf(others)).floors,
    largest: guaranteed
      .toSorted((a, b) => b.guaranteeBits - a.guaranteeBits)
      .slice(0, largestShown),
  };
}

/**
 * Decides the same with `overcommit: "scale"`, where guarantees shrink to make room (scale.ts). It refuses a
 * pod that asks for more than the node could give to one pod alone, because that would squeeze all others at
 * will. It also refuses a pod that would leave somebody without a floor.
 */
export function admitScaled(ask: AdmissionAsk): Admission {
  const alone = admit({ ...ask, held: [] });
  if (!alone.ok) return alone;
  const whole = admit(ask);
  if (whole.ok) return whole;
  const least = (bits: number): number => Math.min(bits, floorBits);
  const atFloors = admit({
    ...ask,
    askedBits: least(ask.askedBits),
    held: ask.held.map((each) => ({ ...each, guaranteeBits: least(each.guaranteeBits) })),
  });
  return atFloors.ok ? { ok: true, freeBits: 0 } : whole;
}

function askedText({ askedBits, direction, tier }: Refused): string {
  if (askedBits === 0)
    return `the ${direction} floor of a best-effort pod (${formatRate(floorBits)})`;
  const from = tier === null ? "" : ` (tier ${tier})`;
  return `an ${direction} guarantee of ${formatRate(askedBits)}${from}`;
}

/** How a node gets more to promise. What was set at run time goes before the configuration. */
export function moreCapacityAdvice(direction: Direction, isSet: boolean): string {
  return isSet
    ? `set more with \`fairway set-capacity --${direction} RATE\`, or take back what was set (\`--${direction} -\`), if the link can do more`
    : `raise uplink.${direction}Capacity if the link can do more`;
}

/**
 * The refusal as the pod's author and the operator read it. `capacityIsSet` means that the capacity was set
 * with `fairway set-capacity`, so that a change of the configuration would change nothing.
 */
export function refusal(refused: Refused, capacityIsSet: boolean): FairwayError {
  const { holder, direction, freeBits, capacityBits, promisedBits, floors, largest } = refused;
  const holders = largest.map((each) => `${each.holder} ${formatRate(each.guaranteeBits)}`);
  const who =
    holders.length === 0 ? "No pod holds a guarantee." : `Largest holders: ${holders.join(", ")}.`;
  return new FairwayError(
    "promiseRefused",
    `${holder} asks for ${askedText(refused)}, and ${formatRate(freeBits)} is free: capacity ${formatRate(capacityBits)}, reserve ${formatRate(refused.reserveBits)}, guaranteed ${formatRate(promisedBits)} to others, ${floors} best-effort pods`,
    `${who} Ask for less, free a guarantee, or ${moreCapacityAdvice(direction, capacityIsSet)}.`,
  );
}
