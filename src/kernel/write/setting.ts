/** Settings below /proc/sys, which may be mounted read-only: what is right already need not be written. */
import { accessSync, constants, writeFileSync } from "node:fs";
import { FairwayError } from "../../errors.ts";
import { readSysctl } from "../read/sysctl.ts";

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

/** Of a file that is there and may not be written: by its mount, or by what keeps the process in. */
const mayNotWrite = (error: unknown): boolean =>
  ["EROFS", "EACCES", "EPERM"].includes(String(codeOf(error)));

/** net/ipv6/conf/DEVICE/NAME: what a device that is made later begins with stands beside it. */
const ofDevice = /^(net\/ipv[46]\/conf)\/(?!all\/|default\/)[^/]+\/(\w+)$/;

const dotted = (path: string): string => path.replaceAll("/", ".");

/** Where a device that is yet to be made has its first value from; null: the setting is none of a device's. */
export function defaultPath(path: string): string | null {
  const [, folder, name] = ofDevice.exec(path) ?? [];
  return folder === undefined ? null : `${folder}/default/${name}`;
}

/** `path` as below /proc/sys, with the value that it has and the one that it is to have. */
export function unwritable(path: string, found: string, wanted: string): FairwayError {
  const inherited = defaultPath(path);
  const beforehand = `set it beforehand where it can be set: sysctl -w ${dotted(path)}=${wanted}`;
  const ofMade =
    inherited === null
      ? ""
      : `; for an interface that Fairway makes set what a new one of its namespace begins with: sysctl -w ${dotted(inherited)}=${wanted} (net.core.devconf_inherit_init_net=3 hands it on to new namespaces)`;
  return new FairwayError(
    "missingKernelPart",
    `${dotted(path)} is ${found} and has to be ${wanted}, and /proc/sys cannot be written here (it is mounted read-only, or this process may not)`,
    `let the runtime run plugins where /proc/sys is writable (a node in a container: run it privileged), or ${beforehand}${ofMade}`,
  );
}

/** Whether it could be written. Of what is not there: no. */
export function canWriteSetting(path: string): boolean {
  try {
    accessSync(`/proc/sys/${path}`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Wished, and not needed: without them a pod that comes does not announce itself, and who knew its address
 * by another MAC finds that out in the kernel's own time.
 */
const wished = /\/(arp_notify|ndisc_notify)$/;

/**
 * Throws what the system says (ENOENT: this kernel has no such setting), and missingKernelPart where it
 * may not be written and has another value, unless it is only wished. It is written first and read only then: it can nearly
 * always be written.
 */
export function writeSetting(path: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${path}`, value);
  } catch (error) {
    const found = mayNotWrite(error) ? readSysctl(path) : null;
    if (found === null) throw error;
    if (found !== value && !wished.test(path)) throw unwritable(path, found, value);
  }
}
