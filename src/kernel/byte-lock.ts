/**
 * A lock on one byte of a file. It belongs to whoever opened the file, and it goes with that process, however
 * the process ends.
 */
import { closeSync, constants, openSync } from "node:fs";
import { effect } from "../effect.ts";
import { errno, libc, ptr } from "./netlink/libc.ts";

/**
 * F_OFD_SETLK (include/uapi/linux/fcntl.h). Unlike with F_SETLK, closing another descriptor of the same
 * process does not drop the lock.
 */
const setOpenFileLock = 37;
const writeLock = 1;
/** With EAGAIN or EACCES somebody else has the lock. */
const held: readonly number[] = [11, 13];

/** struct flock of 64-bit Linux: l_type, l_whence (0: from the start), l_start, l_len, l_pid. */
function lockOf(offset: number): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, writeLock, true);
  view.setBigInt64(8, BigInt(offset), true);
  view.setBigInt64(16, 1n, true);
  return bytes;
}

/** The lock is released when it is disposed of. Whoever inherits the descriptor has the lock, too. */
export interface ByteLock extends Disposable {
  fd: number;
}

/**
 * null means that somebody else has the lock. The file is made if there is none. Throws what the file system
 * says.
 */
export function tryByteLock(file: string, offset: number): ByteLock | null {
  const fd = effect("file", "open the lock of an attachment", () =>
    openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600),
  );
  if (libc().fcntl(fd, setOpenFileLock, ptr(lockOf(offset))) === 0)
    return { fd, [Symbol.dispose]: () => closeSync(fd) };
  const number = errno();
  closeSync(fd);
  if (held.includes(number)) return null;
  throw new Error(`cannot lock byte ${offset} of ${file} (errno ${number})`);
}
