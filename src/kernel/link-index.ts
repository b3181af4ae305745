/** Finds a link's number by its name, without reading the rest of the link. */
import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { errno, libc, ptr, reasonOf } from "./netlink/libc.ts";

const ENODEV = 19;

/**
 * null means that no link of this namespace has that name. No link has a name of more than 15 bytes. The
 * kernel answers from its list, without waiting for those who are changing links (SIOCGIFINDEX,
 * netdevice(7)): a link that is being deleted leaves the list long before the lock is free.
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
