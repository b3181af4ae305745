/**
 * The kernel's calls that only the generators need. They stand apart from those of the verbs (kernel/netlink/libc.ts),
 * each of which costs an ADD 10 us.
 */
import { dlopen, ptr } from "bun:ffi";

const signatures = {
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  accept4: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  recvmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
  ppoll: { args: ["ptr", "u64", "ptr", "ptr"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
} as const;

let loaded: ReturnType<typeof dlopen<typeof signatures>>["symbols"] | undefined;

export function calls() {
  loaded ??= dlopen("libc.so.6", signatures).symbols;
  return loaded;
}

export { ptr };
