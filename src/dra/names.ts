/**
 * What dynamic resource allocation calls our parts: the driver, a node's pool, its devices, and what they have. A
 * device stands for the tree of one direction of an uplink. Pure.
 */
import { type Direction, directions } from "../plan/node.ts";

/** The driver's name, which is also the domain of our attributes and capacities. */
export const driverName = "fairway.dev";

/** A node has one pool, of its own name. */
export const poolName = (nodeName: string): string => nodeName;

/**
 * The one capacity of a device, and of what a claim consumes of it (`consumedCapacity`): a quantity of Kubernetes in
 * bits per second, so "200M" is 200,000,000 bits per second. `parseRateBits` reads it. In `consumedCapacity` its key
 * is the bare name, or the qualified one.
 */
export const bandwidthCapacity = "bandwidth";

/** A device's attributes, by their bare names: CEL has them as `device.attributes['fairway.dev'].direction`. */
export const attributeNames = {
  /** "egress" or "ingress". */
  direction: "direction",
  /** The interface's name. */
  uplink: "uplink",
  /** The tree's rate in whole Mbit/s of 1,000,000 bits per second. */
  speedMbps: "speedMbps",
} as const;

export interface DeviceId {
  uplink: string;
  direction: Direction;
}

/** The DeviceClass by which users ask for the bandwidth of a direction. */
export const deviceClass = (direction: Direction): string => `${direction}.${driverName}`;

const hexOf = (byte: number): string => `-${byte.toString(16).padStart(2, "0")}`;

/**
 * A device's name is a DNS label, and an interface's need not be one. So each byte of it that is no lower-case
 * letter or digit is written as a hyphen and two hexadecimal digits: "eth0.100" gives "egress-eth0-2e100".
 */
export function deviceName({ uplink, direction }: DeviceId): string {
  const label = Array.from(new TextEncoder().encode(uplink), (byte) => {
    const character = String.fromCharCode(byte);
    return /[a-z0-9]/.test(character) ? character : hexOf(byte);
  });
  return `${direction}-${label.join("")}`;
}

/** null means that no device of ours is called so. */
export function deviceOf(name: string): DeviceId | null {
  const direction = directions.find((each) => name.startsWith(`${each}-`));
  if (direction === undefined) return null;
  const label = name.slice(direction.length + 1);
  if (!/^(?:[a-z0-9]|-[0-9a-f]{2})+$/.test(label)) return null;
  const bytes = (label.match(/-..|./g) ?? []).map((each) =>
    each.startsWith("-") ? Number.parseInt(each.slice(1), 16) : each.charCodeAt(0),
  );
  const uplink = new TextDecoder().decode(Uint8Array.from(bytes));
  const device = { uplink, direction };
  // Any other spelling of the same bytes is no name that we give.
  return deviceName(device) === name ? device : null;
}
