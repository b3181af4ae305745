/**
 * Finds which addresses a pod asks for: by annotation, by the runtime, by CNI_ARGS. It looks at nothing but
 * its arguments.
 */
import { parseIp, parsePrefixedIp, sameIp } from "./addresses.ts";
import { annotationKeys } from "./annotations.ts";
import { defaultPool } from "./pools.ts";
import { Problems } from "./problems.ts";
import { suggestion } from "./suggest.ts";
import type { Ip, IpamConfig } from "./types.ts";

export interface AddressAsk {
  /** At most one for each set of the network. */
  requested: Ip[];
  /** The name of a pool; null means that none was asked for. */
  pool: string | null;
  /** Milliseconds for which the address stays the pod's after it went; null means that it does not stay. */
  stickyMs: number | null;
}

/** The ask of a pod that asks for nothing. */
export const asksNothing: AddressAsk = { requested: [], pool: null, stickyMs: null };

interface Sources {
  annotations: Record<string, string>;
  /** runtimeConfig.ips and args.cni.ips. */
  ips: readonly string[];
  /** The IP of CNI_ARGS. */
  arg: string | undefined;
}

const asksByAnnotation: readonly string[] = [annotationKeys.ip, annotationKeys.ipPool];

/** Whether the pod itself asks for an address, which then is kept for it. */
export function asksForAddress(annotations: Record<string, string>): boolean {
  return asksByAnnotation.some((key) => Object.hasOwn(annotations, key));
}

/** A requested address may have a prefix length, but the range's own counts. */
function parseRequested(text: string, key: string): Ip {
  return text.includes("/") ? parsePrefixedIp(text, key).ip : parseIp(text, key);
}

/** The addresses that a pod asks for by its annotation, at most one of each family. */
export function annotatedAddresses(text: string, problems: Problems): Ip[] {
  const ips = text
    .split(",")
    .map((part) => problems.attempt(() => parseIp(part.trim(), annotationKeys.ip)))
    .filter((ip) => ip !== undefined);
  for (const family of [4, 6])
    if (ips.filter((ip) => ip.family === family).length > 1)
      problems.add(
        annotationKeys.ip,
        `${JSON.stringify(text)} has more than one IPv${family} address`,
        "Give one address of each family, separated by a comma.",
      );
  return ips;
}

function checkPool(pool: string, { pools }: IpamConfig, problems: Problems): void {
  const known = [...Object.keys(pools), defaultPool];
  if (known.includes(pool)) return;
  problems.add(
    annotationKeys.ipPool,
    `${JSON.stringify(pool)} is no pool of this network`,
    suggestion(pool, known),
  );
}

/** @throws FairwayError badConfig with all that is wrong. */
export function addressAskOf(ipam: IpamConfig, { annotations, ips, arg }: Sources): AddressAsk {
  const problems = new Problems();
  const own = Object.hasOwn(annotations, annotationKeys.ip) ? annotations[annotationKeys.ip] : null;
  const pool = Object.hasOwn(annotations, annotationKeys.ipPool)
    ? (annotations[annotationKeys.ipPool] ?? null)
    : null;
  if (ipam.delegate !== null) {
    for (const key of asksByAnnotation.filter((each) => Object.hasOwn(annotations, each)))
      problems.add(
        key,
        `the addresses of this network are ${ipam.delegate}'s to give`,
        "Remove the annotation, or have the operator set ipam.type to fairway.",
      );
    problems.throwIfAny();
    return asksNothing;
  }
  if (pool !== null) checkPool(pool, ipam, problems);
  const byPod = own === null || own === undefined ? [] : annotatedAddresses(own, problems);
  const byRuntime = [...ips, ...(arg?.split(",") ?? [])]
    .map((text) => problems.attempt(() => parseRequested(text, "the requested address")))
    .filter((ip) => ip !== undefined);
  const requested = [...byPod, ...byRuntime].filter(
    (ip, index, all) => all.findIndex((each) => sameIp(each, ip)) === index,
  );
  problems.throwIfAny();
  return { requested, pool, stickyMs: asksForAddress(annotations) ? ipam.stickyMs : null };
}
