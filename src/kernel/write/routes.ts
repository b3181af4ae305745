/** Routes, with the messages that `ip route` sends for the same. */
import { bytesOfIp, familyOf } from "../../plan/ip.ts";
import type { Op } from "../../plan/kinds/kind.ts";
import { rtmsg } from "../netlink/structs.ts";
import { AF, NLM_F, RT_SCOPE_NOWHERE, RTA, RTM } from "../netlink/tables.ts";
import { type Attribute, attribute, type Request, requestOf, u32 } from "./request.ts";

export function networkOf(cidr: string): { ip: string; prefixLength: number } {
  const [ip = "", length = ""] = cidr.split("/");
  return { ip, prefixLength: Number(length) };
}

export const adding = NLM_F.CREATE | NLM_F.EXCL;
/** These flags are used where the kernel may have been faster. */
export const putting = NLM_F.CREATE | NLM_F.REPLACE;

interface Place {
  dst: string;
  gw: string | null;
  dev: string | null;
  table: number;
  priority: number;
  type?: number;
}

/** The table's number is in the header if it fits there. */
const largestTableInHeader = 255;

/** The attributes are those that a new route has in addition to its place. */
export function routeRequest(
  op: Op,
  { dst, gw, dev, table, priority, type }: Place,
  flags: number,
  made: { protocol: number; scope: number; type?: number },
  ...attributes: Attribute[]
): Request {
  const { ip, prefixLength } = networkOf(dst);
  const gone = op === "delete";
  const inHeader = table <= largestTableInHeader;
  return requestOf(
    gone ? RTM.DELROUTE : RTM.NEWROUTE,
    gone ? 0 : flags,
    rtmsg,
    {
      family: AF[familyOf(ip)],
      dstLength: prefixLength,
      table: inHeader ? table : 0,
      ...(type !== undefined && { type }),
      // A deletion names the route by its place alone, whatever its protocol and scope are.
      ...(gone ? { scope: RT_SCOPE_NOWHERE } : made),
    },
    attribute(RTA.DST, bytesOfIp(ip)),
    ...(gw === null ? [] : [attribute(RTA.GATEWAY, bytesOfIp(gw))]),
    ...(dev === null ? [] : [attribute(RTA.OIF, { link: dev })]),
    ...(inHeader ? [] : [attribute(RTA.TABLE, u32(table))]),
    ...(priority === 0 ? [] : [attribute(RTA.PRIORITY, u32(priority))]),
    ...(gone ? [] : attributes),
  );
}
