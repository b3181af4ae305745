/**
 * Decides whether one more guarantee fits. The sum of all leaf rates and of the host's never exceeds a tree's
 * capacity, because HTB's parent does not cap its children's guarantees.
 */
import { formatRate } from "../config/quantities.ts";
import type { Reserve } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import type { Direction, TreeSettings } from "../plan/node.ts";
import { floorBits } from "../plan/shape.ts";

export { floorBits };

/** The reserve pays for so many best-effort pods before they take from what guarantees could have. */
const budgetedFloors = 256;

/** A reserve of a direction, in whole bits per second. A percentage is rounded up: the host gets what was said. */
export function reserveBits(reserve: Reserve, capacityBits: number): number {
  if (reserve.kind === "rate") return reserve.bits;
  // A percentage has up to three decimals (parseReserve), so its thousandths are whole numbers.
  const thousandths = BigInt(Math.round(reserve.percent * 1000));
  const scaled = BigInt(capacityBits) * thousandths;
  return Number((scaled + 99_999n) / 100_000n);
}

/**
 * The rate of the host's own class. It is the reserve less a budget for the best-effort pods' floors, which
 * is at most half of the reserve. The rate is at least one floor, and at most the capacity.
 */
export function hostRateBits(capacityBits: number, reservedBits: number): number {
  const budgetBits = Math.min(Math.floor(reservedBits / 2), budgetedFloors * floorBits);
  return Math.min(capacityBits, Math.max(reservedBits - budgetBits, floorBits));
}

/** The rate that the kernel is told for a pod's leaf. */
export function leafRateBits(guaranteeBits: number): number {
  return Math.max(guaranteeBits, floorBits);
}

export interface Holder {
  /** A pod's or an attachment's name, for messages. */
  holder: string;
  guaranteeBits: number;
  /** Whether it is the host's own guarantee, which nothing shrinks. */
  isHost?: boolean;
}

export interface AdmissionAsk {
  direction: Direction;
  capacityBits: number;
  reserveBits: number;
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

/** The sum of the guarantees' leaf rates. A guarantee below a floor takes a floor. */
function sumGuarantees(holders: readonly Holder[]): number {
  return holders
    .filter(({ guaranteeBits }) => guaranteeBits > 0)
    .reduce((sum, { guaranteeBits }) => sum + leafRateBits(guaranteeBits), 0);
}

/** What guarantees can have of a tree beside the host and so many best-effort pods. It may be negative. */
function roomForGuaranteesBits(capacityBits: number, reservedBits: number, floors: number): number {
  const hostAndFloors = hostRateBits(capacityBits, reservedBits) + floors * floorBits;
  return capacityBits - Math.max(reservedBits, hostAndFloors);
}

/** The host's own classes hold guarantees as pods do. */
export function hostHolders({ hostClasses }: TreeSettings, direction: Direction): Holder[] {
  if (direction === "ingress") return [];
  return hostClasses.map(({ name, egressGuaranteeBits }) => ({
    holder: `host class ${name}`,
    guaranteeBits: egressGuaranteeBits,
    isHost: true,
  }));
}

/** What the guarantees of pods can have of a tree beside so many best-effort pods. It may be negative. */
export function roomForPodsBits(trees: TreeSettings, direction: Direction, floors: number): number {
  const room = roomForGuaranteesBits(
    trees[`${direction}CapacityBits`],
    trees[`${direction}ReserveBits`],
    floors,
  );
  return room - sumGuarantees(hostHolders(trees, direction));
}

/** What is left for guarantees beside those of the holders. */
function roomBits(ask: AdmissionAsk, holders: readonly Holder[]): number {
  const floors = holders.filter(({ guaranteeBits }) => guaranteeBits === 0).length;
  const room = roomForGuaranteesBits(ask.capacityBits, ask.reserveBits, floors);
  return room - sumGuarantees(holders);
}

const largestShown = 5;

/** Decides on one direction of one attachment, and changes nothing. */
export function admit(ask: AdmissionAsk): Admission {
  const { direction, holder, askedBits, capacityBits } = ask;
  const others = ask.held.filter((each) => each.holder !== holder);
  const freeAfter = roomBits(ask, [...others, { holder, guaranteeBits: askedBits }]);
  if (freeAfter >= 0) return { ok: true, freeBits: freeAfter };
  const guaranteed = others.filter(({ guaranteeBits }) => guaranteeBits > 0);
  return {
    ok: false,
    direction,
    holder,
    tier: ask.tier ?? null,
    askedBits,
    freeBits: Math.max(0, roomBits(ask, others)),
    capacityBits,
    reserveBits: ask.reserveBits,
    promisedBits: sumGuarantees(others),
    floors: others.length - guaranteed.length,
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
  const alone = admit({ ...ask, held: ask.held.filter(({ isHost }) => isHost) });
  if (!alone.ok) return alone;
  const whole = admit(ask);
  if (whole.ok) return whole;
  const least = (bits: number): number => Math.min(bits, floorBits);
  const atFloors = admit({
    ...ask,
    askedBits: least(ask.askedBits),
    held: ask.held.map((each) =>
      each.isHost ? each : { ...each, guaranteeBits: least(each.guaranteeBits) },
    ),
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
