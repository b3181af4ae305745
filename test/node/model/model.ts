/**
 * What a node comes to, said once more and more simply, from the documents alone: what is admitted,
 * and what rate each class has. Nothing of src is imported, so that the two can disagree.
 */

export const directions = ["egress", "ingress"] as const;
export type Direction = (typeof directions)[number];

interface Promised {
  guaranteeBits: number;
  limitBits: number | null;
}

export type ModelPromise = Record<Direction, Promised>;

export interface ModelNode {
  overcommit: "reject" | "scale";
  capacityBits: Record<Direction, number>;
  /** Addresses that the network has to give. */
  poolSize: number;
  /** By container. */
  pods: Map<string, ModelPromise>;
}

const floorBits = 8_000;

/** docs/config.md: 5% unless given. */
export function reserveBits(capacityBits: number): number {
  return Math.ceil((capacityBits * 5) / 100);
}

/** The reserve less a budget for 256 floors, which is at most half of it. */
function hostBits(capacityBits: number): number {
  const reserved = reserveBits(capacityBits);
  return Math.max(floorBits, reserved - Math.min(Math.floor(reserved / 2), 256 * floorBits));
}

/** What is left for guarantees beside the host and those without one. */
function roomBits(capacityBits: number, without: number): number {
  const others = Math.max(reserveBits(capacityBits), hostBits(capacityBits) + without * floorBits);
  return capacityBits - others;
}

const leafBits = (guaranteeBits: number): number => Math.max(guaranteeBits, floorBits);
const sum = (bits: number[]): number => bits.reduce((total, each) => total + each, 0);

function fits(capacityBits: number, guarantees: number[]): boolean {
  const held = guarantees.filter((bits) => bits > 0);
  return sum(held.map(leafBits)) <= roomBits(capacityBits, guarantees.length - held.length);
}

/** Whether a promise is admitted beside those of the others. */
export function admits(node: ModelNode, container: string, asked: ModelPromise): boolean {
  return directions.every((direction) => {
    const capacityBits = node.capacityBits[direction];
    const own = asked[direction].guaranteeBits;
    const others = [...node.pods]
      .filter(([name]) => name !== container)
      .map(([, promise]) => promise[direction].guaranteeBits);
    if (node.overcommit === "reject" || !fits(capacityBits, [own]))
      return fits(capacityBits, [own, ...others]);
    const least = [own, ...others].map((bits) => Math.min(bits, floorBits));
    return fits(capacityBits, least);
  });
}

/** Shares in proportion, nobody below a floor: the smallest go to the floor until the rest is above. */
function shares(asked: number[], room: number): number[] {
  const ascending = asked.toSorted((a, b) => a - b);
  for (let atFloor = 0; atFloor < ascending.length; atFloor++) {
    const left = BigInt(room - atFloor * floorBits);
    const weight = BigInt(sum(ascending.slice(atFloor)));
    const smallest = BigInt(ascending[atFloor] ?? 0);
    if (smallest * left < BigInt(floorBits) * weight) continue;
    return asked.map((bits) =>
      BigInt(bits) < smallest ? Math.min(bits, floorBits) : Number((BigInt(bits) * left) / weight),
    );
  }
  return asked.map((bits) => Math.min(bits, floorBits));
}

/** The guarantees in force, by container. */
function inForce(node: ModelNode, direction: Direction): Map<string, number> {
  const asked = [...node.pods].map(([name, p]) => [name, p[direction].guaranteeBits] as const);
  const guarantees = asked.map(([, bits]) => bits);
  const capacityBits = node.capacityBits[direction];
  if (fits(capacityBits, guarantees)) return new Map(asked);
  const held = asked.filter(([, bits]) => bits > 0);
  const room = roomBits(capacityBits, asked.length - held.length);
  const scaled = shares(
    held.map(([, bits]) => bits),
    room,
  );
  const now = new Map(held.map(([name], at) => [name, scaled[at] ?? 0]));
  return new Map(asked.map(([name]) => [name, now.get(name) ?? 0]));
}

/** HTB holds whole bytes per second. */
const bytes = (bits: number): number => Math.floor(bits / 8);

export interface ModelClass {
  rateBytes: number;
  ceilBytes: number;
}

/** The classes that pods have in a tree, by container. */
export function podClasses(node: ModelNode, direction: Direction): Map<string, ModelClass> {
  const rootBits = 2 * node.capacityBits[direction];
  return new Map(
    [...inForce(node, direction)].map(([name, bits]) => {
      const limitBits = node.pods.get(name)?.[direction].limitBits ?? null;
      return [name, { rateBytes: bytes(leafBits(bits)), ceilBytes: bytes(limitBits ?? rootBits) }];
    }),
  );
}

/** The class of the host's own on the egress tree. */
export function hostClass(capacityBits: number): ModelClass {
  return { rateBytes: bytes(hostBits(capacityBits)), ceilBytes: bytes(2 * capacityBits) };
}
