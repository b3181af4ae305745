/**
 * Settings below /proc/sys, which may be mounted read-only. A setting that is right already need not be
 * written.
 */
import { accessSync, constants, writeFileSync } from "node:fs";
import { FairwayError } from "../../errors.ts";
import { readSysctl } from "../read/sysctl.ts";

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

/**
 * Whether the file is there but may not be written, because of its mount or because of what restricts the
 * process.
 */
const mayNotWrite = (error: unknown): boolean =>
  ["EROFS", "EACCES", "EPERM"].includes(String(codeOf(error)));

/**
 * net/ipv6/conf/DEVICE/NAME. The value with which a device that is made later begins is in the folder beside
 * it.
 */
const ofDevice = /^(net\/ipv[46]\/conf)\/(?!all\/|default\/)[^/]+\/(\w+)$/;

const dotted = (path: string): string => path.replaceAll("/", ".");

/**
 * The setting from which a device that is yet to be made takes its first value. null means that this is no
 * setting of a device.
 */
export function defaultPath(path: string): string | null {
  const [, folder, name] = ofDevice.exec(path) ?? [];
  return folder === undefined ? null : `${folder}/default/${name}`;
}

/** `path` is below /proc/sys. `found` is the value that it has, `wanted` the one that it has to have. */
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

/** Whether the setting could be written. For a setting that is not there the answer is no. */
export function canWriteSetting(path: string): boolean {
  try {
    accessSync(`/proc/sys/${path}`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * These settings are wished for but not needed. Without them a pod that comes does not announce itself, and
 * whoever knew its address under another MAC finds that out in the kernel's own time.
 */
const wished = /\/(arp_notify|ndisc_notify)$/;

/**
 * Throws what the system says (ENOENT: this kernel has no such setting). Throws missingKernelPart where the
 * setting may not be written and has another value, unless it is only wished for. It is written first and
 * read only if that fails, because it can nearly always be written.
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
