/**
 * The outlines of what is made of many parts: enough to tell that it was not taken away or made anew by
 * somebody since it was looked at whole, for a few questions instead of a dump of each of its parts.
 */
import { NetlinkSocket } from "./netlink/socket.ts";
import { linkNamed } from "./read/links.ts";
import { readSysctl } from "./read/sysctl.ts";
import { TableReader } from "./read/tables.ts";

/** Without it nothing reaches any pod. */
const forwarding = "net/ipv4/ip_forward";

/** Of devices with the trees on them, and of tables; one text, that differs where they do. */
export function outlineOf(devices: readonly string[], tables: readonly string[]): string {
  using socket = new NetlinkSocket();
  using reader = new TableReader();
  const links = devices.map((name) => {
    const link = linkNamed(socket, name);
    if (link === null) return null;
    const { index, mac, mtuBytes, up, rootQdisc } = link;
    return [name, index, mac, mtuBytes, up, rootQdisc];
  });
  const outlines = tables.map((table) => reader.tableOutline(table));
  return JSON.stringify([links, outlines, readSysctl(forwarding)]);
}
