/** The names, handles and numbers that Fairway owns on a node. They are written nowhere else. */

import { digest } from "./digest.ts";
import { type Family, familyOf } from "./ip.ts";

/** Handles of our own, far from the 1: that people type, so that we never meet another agent's. */
export const tbfHandle = "fa00:";
export const tbfClass = "fa00:1";
export const htbHandle = "fa01:";
export const rootMinor = 0x1;
export const hostMinor = 0x2;
/** The numbers for the host's own classes that have a guarantee and a name: one number for each class. */
export const hostClassMinors = [3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf] as const;
/**
 * The range of the pods' classes. The last lies below our own majors, since a leaf's handle is its class's
 * minor as a major.
 */
export const firstPodMinor = 0x10;
export const lastPodMinor = 0xf9ff;

export const table = "inet fairway";
/** These maps lead from a pod's address to its class. */
export const classMap: Record<Family, string> = { 4: "class4", 6: "class6" };
/** This map holds the ports of the host's own traffic that lead to a class of its own. */
export const hostPortMap = "hostports";
export const masqueradeSet: Record<Family, string> = { 4: "masq4", 6: "masq6" };
export const masqueradeExceptSet: Record<Family, string> = { 4: "nomasq4", 6: "nomasq6" };

/** The table that keeps pods to their own addresses (guard.ts). */
export const guardTable = "bridge fairway";
export const ownSet4 = "own4";
export const ownSet6 = "own6";
export const ownMacSet = "ownmac";
export const ownTargetSet = "owntarget";
/** The MACs of all pods, without their ports. */
export const podMacSet = "podmac";
export const violationSet = "violations";
const guardSets: readonly string[] = [
  ownSet4,
  ownSet6,
  ownMacSet,
  ownTargetSet,
  podMacSet,
  violationSet,
];

/** The table that a set is in. */
export function tableOfSet(set: string): string {
  return guardSets.includes(set) ? guardTable : table;
}

/** The host interfaces of pods that another plugin routes to. */
export const portSet = "podports";
/** The device that holds the ingress tree where no bridge does. */
export const ingressIfb = "fwifb";
/** The place of clsact, where nothing else can be (TC_H_CLSACT, include/uapi/linux/pkt_sched.h). */
export const clsactParent = "ffff:fff1";
export const clsactHandle = "ffff:";
/** Our filter's place on a pod's host interface. It is behind the filters that others may have there. */
export const redirectPref = 64_001;

const hex = (n: number): string => n.toString(16);

export function classid(minor: number): string {
  return `${htbHandle}${hex(minor)}`;
}

/** The same as the kernel has it: the major in the upper half. */
export const classNumber = (minor: number): number =>
  Number.parseInt(htbHandle, 16) * 0x1_0000 + minor;

/**
 * The handle of the queue below a pod's class. Its major is the class's minor, so that the two are found
 * together.
 */
export function leafHandle(minor: number): string {
  return `${hex(minor)}:`;
}

/** A bridge that exists only for a moment, to ask the kernel what it offers. */
export const probeDevice = "fwprobe";

/**
 * sysctl(8) writes the path "net/ipv4/conf/eth0.100/forwarding" as "net.ipv4.conf.eth0/100.forwarding". The
 * function works in both directions.
 */
export function sysctlName(path: string): string {
  return path.replace(/[./]/g, (each) => (each === "/" ? "." : "/"));
}

const hostVethPrefix = "fwv";

/** The pattern by which nft matches the ports of all pods: the beginning of their names. */
export const hostVethPattern = `${hostVethPrefix}*`;

/**
 * The node's end of a pod's pair carries the minor of the pod's class in its name, so that the outputs of `ip
 * link` and `tc class` can be read together.
 */
export function hostVeth(minor: number): string {
  return `${hostVethPrefix}${hex(minor)}`;
}

/** The minor that a host interface's name carries, or null for a name that is not ours. */
export function minorOfHostVeth(name: string): number | null {
  const digits = name.startsWith(hostVethPrefix) ? name.slice(hostVethPrefix.length) : "";
  if (!/^[1-9a-f][0-9a-f]{0,3}$/.test(digits)) return null;
  return Number.parseInt(digits, 16);
}

const macBytes = (prefix: string, bytes: number[]): string =>
  [prefix, ...bytes.map((b) => b.toString(16).padStart(2, "0"))].join(":");

const fourBytes = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

/**
 * A pod's MAC follows from its first address, so that an address that is used again never meets a stale
 * neighbour entry. With IPv4 it is 0a:58 and the four bytes of the address, as in earlier CNI plugins. For a
 * pod without IPv4 it is 0a:59 and a digest, since addresses of several networks may end alike.
 */
export function podMac(address: string): string {
  if (familyOf(address) === 4) return macBytes("0a:58", address.split(".").map(Number));
  return macBytes("0a:59", fourBytes(Number.parseInt(digest(address), 16)));
}

export function hostMac(minor: number): string {
  return macBytes("0e:58", fourBytes(minor));
}

/**
 * The MAC is fixed, because a bridge without a MAC of its own takes the lowest MAC of its ports, and changes
 * it as pods come and go.
 */
export function bridgeMac(name: string): string {
  const bytes = [...name].slice(-4).map((c) => c.charCodeAt(0) & 255);
  while (bytes.length < 4) bytes.unshift(0);
  return macBytes("0e:66", bytes);
}
