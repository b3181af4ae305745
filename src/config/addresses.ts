/** IP addresses and networks as numbers. This is the only module that knows ip-num. */
import { FairwayError } from "../errors.ts";
import { addressBits, bytesOfIp, type Family, ipText, valueOfBytes } from "../plan/ip.ts";
import type { Cidr, Ip } from "./types.ts";

/** It doubles what a verb's start costs (decision 33), so it is loaded for an IPv6 address only. */
function ipNum(): typeof import("ip-num") {
  return require("ip-num");
}

function refuse(key: string, text: string, problem: string, details: string): never {
  throw new FairwayError("badConfig", `${key}: ${JSON.stringify(text)} ${problem}`, details);
}

// Leading zeros are refused, because some readers take them for octal (CVE-2021-29923).
const ipv4Pattern = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=\d)|$)){4}$/;

function ipv6Value(text: string): bigint | null {
  // ip-num would drop a zone ("%eth0") in silence.
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":")) return null;
  try {
    return ipNum().IPv6.fromString(text).getValue();
  } catch {
    // ip-num throws for whatever is no address, and for nothing else.
    return null;
  }
}

function tryIp(text: string): Ip | null {
  if (ipv4Pattern.test(text)) return { family: 4, value: valueOfBytes(bytesOfIp(text)) };
  const v6 = ipv6Value(text);
  return v6 === null ? null : { family: 6, value: v6 };
}

/** @throws FairwayError badConfig, naming `key`. */
export function parseIp(text: string, key: string): Ip {
  return tryIp(text) ?? refuse(key, text, "is not an IP address", 'Write it as in "10.244.1.1".');
}

/** Dotted decimal, or IPv6 as RFC 5952 wants it. */
export function formatIp({ family, value }: Ip): string {
  return ipText(family, value);
}

/** An address with a prefix length, its host bits kept: "10.244.1.7/24". */
export interface PrefixedIp {
  ip: Ip;
  prefixLength: number;
}

const cidrAdvice = 'Write a network with its prefix length, for example "10.244.1.0/24".';

/** @throws FairwayError badConfig, naming `key`. */
export function parsePrefixedIp(text: string, key: string): PrefixedIp {
  const slash = text.indexOf("/");
  const ip = slash < 0 ? null : tryIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (ip === null || !/^(?:0|[1-9]\d{0,2})$/.test(length)) {
    return refuse(key, text, "is not an address with a prefix length", cidrAdvice);
  }
  const prefixLength = Number(length);
  const bits = addressBits[ip.family];
  if (prefixLength > bits) {
    return refuse(key, text, `has a prefix length above ${bits}`, cidrAdvice);
  }
  return { ip, prefixLength };
}

function hostMask(family: Family, prefixLength: number): bigint {
  return (1n << BigInt(addressBits[family] - prefixLength)) - 1n;
}

export const sameIp = (a: Ip, b: Ip): boolean => a.family === b.family && a.value === b.value;

/** The network that an address lies in. */
export function networkOf({ family, value }: Ip, prefixLength: number): Cidr {
  return { family, base: value & ~hostMask(family, prefixLength), prefixLength };
}

/**
 * A network. Host bits that are set are an error, which names the network that was probably meant.
 * @throws FairwayError badConfig, naming `key`.
 */
export function parseCidr(text: string, key: string): Cidr {
  const { ip, prefixLength } = parsePrefixedIp(text, key);
  const cidr = networkOf(ip, prefixLength);
  if (cidr.base === ip.value) return cidr;
  return refuse(
    key,
    text,
    "is an address in a network, not the network's own address",
    `The network address is "${formatCidr(cidr)}".`,
  );
}

export function formatCidr({ family, base, prefixLength }: Cidr): string {
  return `${formatIp({ family, value: base })}/${prefixLength}`;
}

/** The last address of a network: for IPv4 its broadcast address. */
export function lastAddress({ family, base, prefixLength }: Cidr): bigint {
  return base | hostMask(family, prefixLength);
}

export function contains(cidr: Cidr, { family, value }: Ip): boolean {
  return family === cidr.family && value >= cidr.base && value <= lastAddress(cidr);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.base <= lastAddress(b) && b.base <= lastAddress(a);
}
