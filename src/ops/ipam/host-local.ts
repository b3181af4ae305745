/**
 * host-local's folder of a network has a file for each address. The file is named after the address, and
 * holds the container and its interface. The folder also has `last_reserved_ip.N` and `lock`
 * (plugins/ipam/host-local/backend/disk).
 */
import { closeSync, constants, openSync, readdirSync, readFileSync } from "node:fs";
import { formatIp, parseIp } from "../../config/addresses.ts";
import { FairwayError, messageOf } from "../../errors.ts";
import { errno, libc } from "../../kernel/netlink/libc.ts";

export interface HostLocalEntry {
  address: string;
  containerId: string;
  /** null means that the file has none, because host-local before 0.7 wrote none. */
  ifname: string | null;
}

export interface HostLocalFolder {
  entries: HostLocalEntry[];
  /** For each set, the address that was last given. */
  cursors: { setIndex: number; last: bigint; address: string }[];
  /** The addresses whose files are empty, because host-local died before the pod had the address. */
  empty: string[];
}

const lockFile = "lock";
const cursorPattern = /^last_reserved_ip\.(\d{1,4})$/;
/** LOCK_EX | LOCK_NB, flock(2). */
const lockNow = 2 | 4;
const wouldBlock = 11;

/**
 * While `read` runs, host-local waits as it does for another of its kind. Throws tryAgain while one is at
 * work.
 */
function whileLocked<T>(folder: string, read: () => T): T {
  let fd: number;
  try {
    fd = openSync(`${folder}/${lockFile}`, constants.O_RDONLY);
  } catch (error) {
    // Where there is no lock file nobody is at work, because host-local makes it before all else.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return read();
    throw error;
  }
  try {
    if (libc().flock(fd, lockNow) !== 0) {
      if (errno() === wouldBlock)
        throw new FairwayError(
          "tryAgain",
          `${folder} is locked: host-local is at work`,
          "try again; if it stays so, fuser names the process",
        );
      throw new FairwayError("io", `${folder}/${lockFile} cannot be locked (errno ${errno()})`);
    }
    return read();
  } finally {
    closeSync(fd);
  }
}

function addressOf(name: string): string | null {
  try {
    return formatIp(parseIp(name, "a file's name"));
  } catch {
    return null;
  }
}

/** host-local ends the lines with "\r\n". */
function readEntry(address: string, text: string, file: string): HostLocalEntry {
  const [containerId = "", ifname, ...more] = text.trim().split(/\r?\n/);
  if (more.length === 0)
    return { address, containerId: containerId.trim(), ifname: ifname?.trim() || null };
  throw new FairwayError(
    "decode",
    `${file} has ${more.length + 2} lines, host-local writes a container and an interface`,
    "nothing was taken over: correct the file, or move it away if no container has the address",
  );
}

function readFolder(folder: string): HostLocalFolder {
  const found: HostLocalFolder = { entries: [], cursors: [], empty: [] };
  const unknown: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    const file = `${folder}/${name}`;
    const address = addressOf(name);
    const set = cursorPattern.exec(name)?.[1];
    if (name === lockFile) continue;
    if (address === null && set === undefined) {
      unknown.push(name);
      continue;
    }
    const text = readFileSync(file, "utf8").trim();
    if (address !== null) {
      if (text === "") found.empty.push(address);
      else found.entries.push(readEntry(address, text, file));
    } else if (text !== "") {
      const last = parseIp(text, file);
      found.cursors.push({ setIndex: Number(set), last: last.value, address: formatIp(last) });
    }
  }
  if (unknown.length === 0) return found;
  throw new FairwayError(
    "decode",
    `${folder} has files that host-local does not make: ${unknown.join(", ")}`,
    "nothing was taken over: give the folder of one network, such as /var/lib/cni/networks/NAME, or move them away",
  );
}

/** Throws io, decode, badConfig, tryAgain. */
export function readHostLocal(folder: string): HostLocalFolder {
  try {
    return whileLocked(folder, () => readFolder(folder));
  } catch (error) {
    if (error instanceof FairwayError) throw error;
    throw new FairwayError(
      "io",
      `${folder} cannot be read: ${messageOf(error)}`,
      "give the folder of a network of host-local's, such as /var/lib/cni/networks/NAME",
      { cause: error },
    );
  }
}
