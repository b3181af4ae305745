/** The classes of some devices, with what the kernel counts of each. */
import { NetlinkSocket } from "../netlink/socket.ts";
import { linkNamed } from "./links.ts";
import { type ClassEntry, classesOf } from "./tc.ts";

/** By device and class id. A device that is not there has none. Throws where the kernel does not answer. */
export function deviceClasses(devices: Iterable<string>): Map<string, Map<string, ClassEntry>> {
  using socket = new NetlinkSocket();
  const found = new Map<string, Map<string, ClassEntry>>();
  for (const dev of devices) {
    const index = linkNamed(socket, dev)?.index;
    const classes = index === undefined ? [] : classesOf(socket, index);
    found.set(dev, new Map(classes.map((entry) => [entry.handle, entry])));
  }
  return found;
}
