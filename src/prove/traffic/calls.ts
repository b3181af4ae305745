/**
 * Loads the kernel's calls that only the generators need. They stand apart from those of the verbs
 * (kernel/netlink/libc.ts), each of which costs an ADD 10 us.
 */
import { callsOf } from "../../kernel/netlink/libc.ts";

const signatures = {
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  accept4: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  recvmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
  ppoll: { args: ["ptr", "u64", "ptr", "ptr"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
} as const;

let loaded: ReturnType<typeof callsOf<typeof signatures>> | undefined;

export function calls() {
  loaded ??= callsOf(signatures);
  return loaded;
}
