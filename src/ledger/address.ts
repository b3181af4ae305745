/**
 * Chooses the address that is given next. The functions are pure: they ask the caller which addresses are
 * taken.
 */
import { formatIp, lastAddress } from "../config/addresses.ts";
import type { AddressRange, Cidr, Ip } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { ipText } from "../plan/ip.ts";

export interface AddressQuestion {
  sets: AddressRange[][];
  exclude: Cidr[];
  /** The set to give from. */
  setIndex: number;
  /** The address that was given last from the set. */
  last: bigint | null;
  taken: (ip: Ip) => boolean;
  /** When it is set, only this address may be chosen. */
  requested?: Ip | undefined;
}

export type AddressChoice =
  | { ip: Ip; range: AddressRange }
  /** `total` is the number of addresses that the set has to give, all of which are taken. */
  | { exhausted: { total: bigint } };

/** A run of addresses that may be given, with both ends included. */
interface Span {
  first: bigint;
  last: bigint;
  range: AddressRange;
}

/**
 * Goes round robin from the address after `last`, through the set's ranges in their order, as host-local
 * does. So an address is not used again while there are others. Gateways and excluded addresses are never
 * chosen. Throws badConfig if `requested` is not the set's to give, addressInUse if it is taken.
 */
export function chooseAddress(question: AddressQuestion): AddressChoice {
  const set = question.sets[question.setIndex];
  if (set === undefined) throw new RangeError(`no range set ${question.setIndex}`);
  if (question.requested !== undefined) return chooseRequested(question, set, question.requested);

  const spans = set.flatMap((range) => giveable(range, question));
  for (const span of startingAfter(spans, set, question.last)) {
    for (let value = span.first; value <= span.last; value += 1n) {
      const ip: Ip = { family: span.range.subnet.family, value };
      if (!question.taken(ip)) return { ip, range: span.range };
    }
  }
  return { exhausted: { total: countOf(spans) } };
}

/** The number of addresses that the set has to give, taken or not. */
export function giveableCount(
  question: Pick<AddressQuestion, "sets" | "exclude" | "setIndex">,
): bigint {
  const set = question.sets[question.setIndex] ?? [];
  return countOf(set.flatMap((range) => giveable(range, question)));
}

function chooseRequested(
  question: AddressQuestion,
  set: AddressRange[],
  ip: Ip,
): { ip: Ip; range: AddressRange } {
  const text = formatIp(ip);
  const range = set.find((candidate) => isWithin(ip, candidate));
  if (range === undefined) {
    throw new FairwayError(
      "badConfig",
      `the requested address ${text} is in no range of the network`,
      `ask for one of ${rangesText(set)}`,
    );
  }
  const isGiveable = giveable(range, question).some(
    (span) => span.first <= ip.value && ip.value <= span.last,
  );
  if (!isGiveable) {
    throw new FairwayError(
      "badConfig",
      `the requested address ${text} is a gateway or excluded`,
      "ask for another address, or change ipam.exclude",
    );
  }
  if (question.taken(ip)) {
    throw new FairwayError(
      "addressInUse",
      `the requested address ${text} is in use`,
      "ask for another address, or remove the pod that holds it",
    );
  }
  return { ip, range };
}

/** The range without every gateway of the network and every excluded block, in ascending order. */
function giveable(
  range: AddressRange,
  { sets, exclude }: Pick<AddressQuestion, "sets" | "exclude">,
): Span[] {
  const { family } = range.subnet;
  const gateways = sets
    .flat()
    .filter(({ gateway }) => gateway.family === family)
    .map(({ gateway }) => ({ first: gateway.value, last: gateway.value }));
  const blocks = exclude
    .filter((cidr) => cidr.family === family)
    .map((cidr) => ({ first: cidr.base, last: lastAddress(cidr) }));
  const holes = [...gateways, ...blocks].sort((a, b) => compare(a.first, b.first));

  const spans: Span[] = [];
  let next = range.first;
  for (const hole of holes) {
    if (hole.first > range.last) break;
    if (hole.first > next) spans.push({ first: next, last: hole.first - 1n, range });
    if (hole.last >= next) next = hole.last + 1n;
  }
  if (next <= range.last) spans.push({ first: next, last: range.last, range });
  return spans;
}

/** All of `spans` once, beginning right after `last`, or from the beginning if `last` is in no range. */
function startingAfter(spans: Span[], set: AddressRange[], last: bigint | null): Span[] {
  const home = last === null ? undefined : set.find((r) => r.first <= last && last <= r.last);
  if (last === null || home === undefined) return spans;
  const order = (span: Span) => compare(set.indexOf(span.range), set.indexOf(home));
  const before = spans.filter((span) => order(span) < 0);
  const own = spans.filter((span) => order(span) === 0);
  const after = spans.filter((span) => order(span) > 0);
  return [
    ...own.flatMap((span) => clip(span, last + 1n, span.last)),
    ...after,
    ...before,
    ...own.flatMap((span) => clip(span, span.first, last)),
  ];
}

function clip(span: Span, low: bigint, high: bigint): Span[] {
  const first = span.first > low ? span.first : low;
  const last = span.last < high ? span.last : high;
  return first <= last ? [{ ...span, first, last }] : [];
}

/** Whether the address lies in a range of the set, whether it is given or not. */
export function isInSet(ip: Ip, set: readonly AddressRange[]): boolean {
  return set.some((range) => isWithin(ip, range));
}

/** The ranges as text, for messages. */
export function rangesText(set: readonly AddressRange[]): string {
  return set.map(rangeText).join(", ");
}

function isWithin(ip: Ip, range: AddressRange): boolean {
  return ip.family === range.subnet.family && range.first <= ip.value && ip.value <= range.last;
}

function countOf(spans: Span[]): bigint {
  return spans.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

function rangeText({ subnet: { family }, first, last }: AddressRange): string {
  return `${ipText(family, first)}-${ipText(family, last)}`;
}

function compare(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
