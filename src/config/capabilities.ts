/** What the runtime adds to the configuration of each pod: `runtimeConfig` and `args`. */
import { parseIp, parsePrefixedIp } from "./addresses.ts";
import { maxSizeBytes, parseLimitBits } from "./quantities.ts";
import { isObject, type JsonObject, Section } from "./section.ts";
import type { BandwidthCapability, RuntimeConfig } from "./types.ts";

/**
 * Runtimes send these bursts, in bits, when nobody asked for one. They would let gigabytes pass before a
 * limit shows (kubernetes#90838), so they count as none.
 */
const runtimeDefaultBurstBits: readonly number[] = [
  // kubelet's dockershim: math.MaxInt32 (pkg/kubelet/dockershim/network/cni/cni.go).
  2 ** 31 - 1,
  // containerd: math.MaxUint32 (toCNIBandWidth, pkg/cri/server/sandbox_run.go).
  2 ** 32 - 1,
  // CRI-O: math.MaxUint32*8 - 1, and without the -1 before it was found to overflow (server/sandbox_network.go).
  8 * (2 ** 32 - 1) - 1,
  8 * (2 ** 32 - 1),
];

/**
 * The section with its keys in lower case: containerd's are Go's field names (IngressRate), others' are as in
 * the conventions (ingressRate), and Go's plugins read either.
 */
function foldCase(section: Section): Section {
  const folded = new Map<string, unknown>();
  for (const [key, value] of Object.entries(section.value)) {
    const name = key.toLowerCase();
    if (folded.has(name) && JSON.stringify(folded.get(name)) !== JSON.stringify(value)) {
      section.problems.add(
        section.key(key),
        "is given twice, in two letter cases, and they differ",
      );
    }
    folded.set(name, value);
  }
  return new Section(Object.fromEntries(folded), section.place, section.problems);
}

/** Lists and objects are null where Go had nothing to write. */
function optional(
  section: Section,
  name: string,
  kind: "an object" | "a list" | "a string",
): unknown {
  const value = section.get(name.toLowerCase());
  if (value === undefined || value === null) return undefined;
  const fits = {
    "an object": isObject(value),
    "a list": Array.isArray(value),
    "a string": typeof value === "string",
  };
  if (fits[kind]) return value;
  section.problems.add(section.key(name), `has to be ${kind}, found ${JSON.stringify(value)}`);
  return undefined;
}

function optionalObject(section: Section, name: string): JsonObject {
  const value = optional(section, name, "an object");
  return isObject(value) ? value : {};
}

function optionalList(section: Section, name: string): unknown[] {
  const value = optional(section, name, "a list");
  return Array.isArray(value) ? value : [];
}

/** A whole number above 0; undefined for 0, which is Go's way to say nothing. */
function positive(section: Section, name: string, max: number): number | undefined {
  const value = section.get(name.toLowerCase());
  if (value === undefined || value === null || value === 0) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value > 0 && value <= max)
    return value;
  section.problems.add(
    section.key(name),
    `has to be a whole number from 0 to ${max}, found ${JSON.stringify(value)}`,
  );
  return undefined;
}

function parseRate(section: Section, name: string): number | undefined {
  const bits = positive(section, name, Number.MAX_SAFE_INTEGER);
  return bits === undefined
    ? undefined
    : section.problems.attempt(() => parseLimitBits(bits, section.key(name)));
}

function parseBurst(section: Section, name: string, rateName: string): number | undefined {
  const bits = positive(section, name, 8 * maxSizeBytes);
  if (bits === undefined || runtimeDefaultBurstBits.includes(bits)) return undefined;
  if (!section.get(rateName.toLowerCase())) {
    section.problems.add(
      section.key(name),
      `is a burst without ${rateName}`,
      `Give ${rateName} too.`,
    );
  }
  return bits;
}

function parseBandwidth(runtime: Section): BandwidthCapability | null {
  const value = optionalObject(runtime, "bandwidth");
  const section = foldCase(new Section(value, runtime.key("bandwidth"), runtime.problems));
  const ingressRateBits = parseRate(section, "ingressRate");
  const ingressBurstBits = parseBurst(section, "ingressBurst", "ingressRate");
  const egressRateBits = parseRate(section, "egressRate");
  const egressBurstBits = parseBurst(section, "egressBurst", "egressRate");
  const bandwidth = {
    ...(ingressRateBits === undefined ? {} : { ingressRateBits }),
    ...(ingressBurstBits === undefined ? {} : { ingressBurstBits }),
    ...(egressRateBits === undefined ? {} : { egressRateBits }),
    ...(egressBurstBits === undefined ? {} : { egressBurstBits }),
  };
  return Object.keys(bandwidth).length === 0 ? null : bandwidth;
}

const annotationsKey = "io.kubernetes.cri.pod-annotations";

function parseAnnotations(runtime: Section): Record<string, string> {
  const entries = Object.entries(optionalObject(runtime, annotationsKey));
  return Object.fromEntries(
    entries.flatMap(([name, value]): [string, string][] => {
      if (typeof value === "string") return [[name, value]];
      runtime.problems.add(
        `${runtime.key(annotationsKey)}["${name}"]`,
        `has to be a string, found ${JSON.stringify(value)}`,
      );
      return [];
    }),
  );
}

const macPattern = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/;
/** The group bit, the lowest of the first byte (IEEE 802). */
const groupBit = 1;

/** `mac` is in lower case. */
function macProblem(mac: string): string | null {
  if (!macPattern.test(mac)) return "is not a MAC address";
  if ((Number.parseInt(mac.slice(0, 2), 16) & groupBit) !== 0) return "is a multicast address";
  return /[1-9a-f]/.test(mac) ? null : "is no interface's address";
}

function parseMac(runtime: Section): string | null {
  const given = optional(runtime, "mac", "a string");
  // Go's plugins take the empty string as no wish.
  if (typeof given !== "string" || given === "") return null;
  const mac = given.toLowerCase();
  const problem = macProblem(mac);
  if (problem === null) return mac.replaceAll("-", ":");
  runtime.problems.add(
    runtime.key("mac"),
    `${JSON.stringify(given)} ${problem}`,
    'Give a unicast address of six bytes, as in "02:00:00:00:00:01".',
  );
  return null;
}

function parseIps(section: Section): string[] {
  return optionalList(section, "ips").flatMap((item, index) => {
    const key = `${section.key("ips")}[${index}]`;
    if (typeof item !== "string") {
      section.problems.add(key, `has to be a string, found ${JSON.stringify(item)}`);
      return [];
    }
    const ip = section.problems.attempt(() =>
      item.includes("/") ? parsePrefixedIp(item, key).ip : parseIp(item, key),
    );
    return ip === undefined ? [] : [item];
  });
}

/** The part of the runtime's configuration that is about addresses. An IPAM plugin looks at nothing else. */
export type AddressRuntime = Pick<RuntimeConfig, "podAnnotations" | "ips" | "ipRanges">;

function addressRuntime(root: Section, runtime: Section): AddressRuntime {
  const args = foldCase(
    new Section(optionalObject(root.section("args"), "cni"), "args.cni", root.problems),
  );
  return {
    podAnnotations: parseAnnotations(runtime),
    ips: [...new Set([...parseIps(runtime), ...parseIps(args)])],
    ipRanges: optionalList(runtime, "ipRanges"),
  };
}

/** `root` is the plugin configuration. */
export function parseAddressRuntime(root: Section): AddressRuntime {
  return addressRuntime(root, foldCase(root.section("runtimeConfig")));
}

/** `root` is the plugin configuration. Keys that are not named here are not ours, and are ignored. */
export function parseRuntime(root: Section): RuntimeConfig {
  const runtime = foldCase(root.section("runtimeConfig"));
  return {
    ...addressRuntime(root, runtime),
    bandwidth: parseBandwidth(runtime),
    mac: parseMac(runtime),
  };
}
