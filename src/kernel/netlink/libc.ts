/**
 * The few calls that no module of the runtime offers. The library is loaded at first use, because opening it
 * costs start-up time.
 */
import { dlopen, type FFIFunction, ptr, read } from "bun:ffi";
import { FairwayError, messageOf } from "../../errors.ts";

const signatures = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "ptr"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
  strerror: { args: ["i32"], returns: "cstring" },
  __errno_location: { args: [], returns: "ptr" },
  if_nametoindex: { args: ["ptr"], returns: "u32" },
  _exit: { args: ["i32"], returns: "void" },
} as const;

let loaded: ReturnType<typeof callsOf<typeof signatures>> | undefined;

/** Throws missingKernelPart where the runtime is not allowed to compile the calls. */
export function libc() {
  loaded ??= callsOf(signatures);
  return loaded;
}

/** Loads functions of the C library. Throws as `libc` does. */
export function callsOf<Signatures extends Record<string, FFIFunction>>(signatures: Signatures) {
  try {
    return dlopen("libc.so.6", signatures).symbols;
  } catch (cause) {
    throw new FairwayError(
      "missingKernelPart",
      `this process can call no function of the C library, with which it speaks to the kernel: ${messageOf(cause)}`,
      "bun:ffi compiles its calls when it is started: whatever starts fairway must not forbid memory that is written and then executed (MemoryDenyWriteExecute= of a systemd unit, BUN_JSC_useJIT=0)",
      { cause },
    );
  }
}

/**
 * Ends the process at once, if it has loaded any of this. The runtime's own way out would close the ledger
 * first (see inLedger, node/facts/open.ts). Everything that had to be written is written by then.
 */
export function endNow(code: number): void {
  loaded?._exit(code);
}

export function errno(): number {
  const at = libc().__errno_location();
  return at === null ? 0 : read.i32(at, 0);
}

/** The reason is a text like "File exists". It is in English in a process that never calls setlocale(3). */
export function reasonOf(number: number): string {
  return String(libc().strerror(number) ?? `errno ${number}`);
}

export { ptr };
