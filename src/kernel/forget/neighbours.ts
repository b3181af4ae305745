/** Neighbour entries, which tell under which MAC an address was known. */
import { effect } from "../../effect.ts";
import { note } from "../../journal.ts";
import { bytesOfIp, familyOf } from "../../plan/ip.ts";
import { concat, encodeAttribute } from "../netlink/codec.ts";
import { ifThere } from "../netlink/refusal.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { ndmsg } from "../netlink/structs.ts";
import { AF, NDA_DST, RTM } from "../netlink/tables.ts";

export interface OnLink {
  name: string;
  index: number;
}

const place = ({ index }: OnLink, address: string): Uint8Array =>
  concat(
    ndmsg.encode({ family: AF[familyOf(address)], index }),
    encodeAttribute(NDA_DST, bytesOfIp(address)),
  );

/** Whether there is an entry, in any state. Throws NetlinkError. */
export function hasNeighbour(socket: NetlinkSocket, link: OnLink, address: string): boolean {
  return ifThere(() => socket.getIfTold(RTM.GETNEIGH, place(link, address))) !== null;
}

/** Throws NetlinkError. */
export function forgetNeighbour(socket: NetlinkSocket, link: OnLink, address: string): void {
  const text = `neigh del ${address} dev ${link.name}`;
  const startedAtMs = performance.now();
  effect("kernel", text, () => socket.changeIfThere(RTM.DELNEIGH, place(link, address)));
  const durationMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
  note({ line: { tool: "ip", netns: null, text }, answer: "done", durationMs });
}
