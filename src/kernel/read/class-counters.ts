/** What the kernel counts of the classes of some devices. */
import type { Counters } from "../../plan/counters.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { linkNamed } from "./links.ts";
import { classesOf } from "./tc.ts";

/** By device and class id. A device that is not there is left out. Throws where the kernel does not answer. */
export function classCounters(devices: Iterable<string>): Map<string, Map<string, Counters>> {
  using socket = new NetlinkSocket();
  const found = new Map<string, Map<string, Counters>>();
  for (const dev of devices) {
    const index = linkNamed(socket, dev)?.index;
    if (index === undefined) continue;
    const classes = classesOf(socket, index);
    found.set(dev, new Map(classes.map(({ handle, counters }) => [handle, counters])));
  }
  return found;
}
