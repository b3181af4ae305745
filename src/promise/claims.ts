/**
 * A pod's claims of dynamic resource allocation are its promise: what they give in a direction together is its
 * guarantee there, whatever its tier says. Pure.
 */
import { annotationKeys } from "../config/annotations.ts";
import type { Problems } from "../config/problems.ts";
import { formatRate } from "../config/quantities.ts";
import type { Given } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { type ClaimedRate, type Direction, directions, type PodAsks } from "../plan/node.ts";

/** What a claim was given of one device for a pod, as the ledger has it. */
interface Share extends Pick<ClaimedRate, "claimUid" | "direction" | "rateBits"> {
  claimNamespace: string;
  claimName: string;
  /** The interface whose tree the device stands for. */
  uplink: string;
}

/** What shares come to: one entry for each claim and direction, in the order of the shares. */
export function claimedRates(shares: readonly Share[]): ClaimedRate[] {
  const grouped = Map.groupBy(shares, ({ claimUid, direction }) => `${claimUid} ${direction}`);
  return [...grouped.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { claimUid, claimNamespace, claimName, direction } = first;
    const rateBits = group.reduce((sum, share) => sum + share.rateBits, 0);
    return { claimUid, claim: `${claimNamespace}/${claimName}`, direction, rateBits };
  });
}

/** A promise can only be kept where it was given. Throws promiseRefused. */
export function requireUplink(shares: readonly Share[], uplink: string): void {
  const other = shares.find((share) => share.uplink !== uplink);
  if (other === undefined) return;
  throw new FairwayError(
    "promiseRefused",
    `claim ${other.claimNamespace}/${other.claimName} was given ${formatRate(other.rateBits)} of the ${other.direction} of ${other.uplink}, and the pods of this node share ${uplink}`,
    "The node's uplink has changed since the claim was allocated. Delete the pod: its successor gets a claim that is allocated anew.",
  );
}

/** The guarantee that claims give in one direction; null means that they say nothing of it. */
export function claimedGuarantee(
  claims: readonly ClaimedRate[],
  direction: Direction,
): Given | null {
  const own = claims.filter((each) => each.direction === direction);
  if (own.length === 0) return null;
  const names = own.map(({ claim }) => claim);
  return {
    from: "claim",
    key: `${names.length === 1 ? "claim" : "claims"} ${names.join(" and ")}`,
    value: own.reduce((sum, { rateBits }) => sum + rateBits, 0),
  };
}

/**
 * The guarantee of a direction, from its claims and its annotation, either of which may be null. Where they differ
 * that is a problem which names both: the scheduler has counted the one, and the pod's author means the other.
 */
export function agreedGuarantee(
  claimed: Given | null,
  annotated: Given | null,
  problems: Problems,
): Given | null {
  if (claimed === null) return annotated;
  if (annotated !== null && annotated.value !== claimed.value)
    problems.add(
      annotated.key,
      `${formatRate(annotated.value)} contradicts ${claimed.key}, which gives the pod ${formatRate(claimed.value)}`,
      `Remove the annotation: what a claim gives is the guarantee, without any.`,
    );
  return claimed;
}

/**
 * The claims that count. Where an operator has set a direction's guarantee (`fairway set`), that counts in the place
 * of the claims.
 */
export function claimsUnder({ claims = [], overrides }: PodAsks): readonly ClaimedRate[] {
  const isSet = (direction: Direction): boolean =>
    overrides !== null && Object.hasOwn(overrides, annotationKeys.guarantee[direction]);
  return directions.some(isSet) ? claims.filter(({ direction }) => !isSet(direction)) : claims;
}

/** What a person should know of a guarantee that came by claims. */
export const claimNote = ({ key, value }: Given, direction: Direction): string =>
  `the ${direction} guarantee (${formatRate(value)}) is what ${key} ${key.startsWith("claims") ? "give" : "gives"}`;
