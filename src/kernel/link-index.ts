/** A link's number by its name, without the rest of it. */
import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { errno, libc, ptr, reasonOf } from "./netlink/libc.ts";

const ENODEV = 19;

/**
 * null: no link of this namespace has that name. A name of more than 15 bytes is no link's. The kernel
 * answers from its list, without waiting for who is changing links (SIOCGIFINDEX, netdevice(7)): a link
 * that goes is out of it long before the lock is free.
 */
export function linkIndex(name: string): number | null {
  return effect("look", `index of ${name}`, () => {
    const index = libc().if_nametoindex(ptr(new TextEncoder().encode(`${name}\0`)));
    if (index !== 0) return index;
    const found = errno();
    if (found === ENODEV) return null;
    throw new FairwayError(
      "io",
      `the kernel does not tell the index of ${name}: ${reasonOf(found)}`,
      "see how many files this process may have open (ulimit -n)",
    );
  });
}
