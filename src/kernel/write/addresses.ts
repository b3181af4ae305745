/** Addresses and routes, with the messages that `ip address` and `ip route` send for the same. */
import type { Step } from "../../plan/diff.ts";
import { bytesOfIp, familyOf, isLinkLocal } from "../../plan/ip.ts";
import { kernelRoutePlace } from "../../plan/routes.ts";
import type { Address, KernelRoute, Route } from "../../plan/state.ts";
import { ifaddrmsg, rtmsg } from "../netlink/structs.ts";
import {
  AF,
  IFA,
  IFA_F_NODAD,
  NLM_F,
  RT_SCOPE_NOWHERE,
  RTA,
  RTAX,
  RTM,
  RTN_UNICAST,
  RTPROT_BOOT,
  RTPROT_KERNEL,
  routeTypes,
} from "../netlink/tables.ts";
import { type Attribute, attribute, nested, type Request, u32 } from "./request.ts";

function parts(cidr: string): { ip: string; prefixLength: number } {
  const [ip = "", length = ""] = cidr.split("/");
  return { ip, prefixLength: Number(length) };
}

const adding = NLM_F.CREATE | NLM_F.EXCL;
/** These flags are used where the kernel may have been faster. */
const putting = NLM_F.CREATE | NLM_F.REPLACE;

export function addressRequest(op: Step["op"], { dev, cidr }: Address): Request {
  const { ip, prefixLength } = parts(cidr);
  const family = familyOf(ip);
  const gone = op === "delete";
  return {
    type: gone ? RTM.DELADDR : RTM.NEWADDR,
    flags: gone ? 0 : isLinkLocal(ip) ? putting : adding,
    header: {
      struct: ifaddrmsg,
      values: {
        family: AF[family],
        prefixLength,
        flags: family === 6 && !gone ? IFA_F_NODAD : 0,
        index: { link: dev },
      },
    },
    attributes: [attribute(IFA.LOCAL, bytesOfIp(ip)), attribute(IFA.ADDRESS, bytesOfIp(ip))],
  };
}

/** The table's number is in the header if it fits there. */
const largestTableInHeader = 255;

export function routeRequest(op: Step["op"], route: Route): Request {
  const { dev, dst, gw, table, priority, scope, mtuBytes, advmssBytes } = route;
  const { ip, prefixLength } = parts(dst);
  const gone = op === "delete";
  const inHeader = table <= largestTableInHeader;
  const metrics: Attribute[] = [
    ...(mtuBytes === null ? [] : [attribute(RTAX.MTU, u32(mtuBytes))]),
    ...(advmssBytes === null ? [] : [attribute(RTAX.ADVMSS, u32(advmssBytes))]),
  ];
  return {
    type: gone ? RTM.DELROUTE : RTM.NEWROUTE,
    flags: gone ? 0 : adding,
    header: {
      struct: rtmsg,
      values: {
        family: AF[familyOf(ip)],
        dstLength: prefixLength,
        table: inHeader ? table : 0,
        // A deletion names the route by its place alone, whatever its protocol, scope and type are.
        ...(gone
          ? { scope: RT_SCOPE_NOWHERE }
          : { protocol: RTPROT_BOOT, scope, type: RTN_UNICAST }),
      },
    },
    attributes: [
      attribute(RTA.DST, bytesOfIp(ip)),
      ...(gw === null ? [] : [attribute(RTA.GATEWAY, bytesOfIp(gw))]),
      attribute(RTA.OIF, { link: dev }),
      ...(inHeader ? [] : [attribute(RTA.TABLE, u32(table))]),
      ...(priority === 0 ? [] : [attribute(RTA.PRIORITY, u32(priority))]),
      ...(gone || metrics.length === 0 ? [] : [nested(RTA.METRICS, ...metrics)]),
    ],
  };
}

export function kernelRouteRequest(op: Step["op"], route: KernelRoute): Request {
  const { role, type, dev, dst, gw, source } = route;
  const { table, priority, scope } = kernelRoutePlace(route);
  const { ip, prefixLength } = parts(dst);
  const gone = op === "delete";
  const isIpv6 = familyOf(ip) === 6;
  // The route to the groups stands next to those of other devices.
  const flags = role === "multicast" ? NLM_F.CREATE | NLM_F.APPEND : putting;
  return {
    type: gone ? RTM.DELROUTE : RTM.NEWROUTE,
    flags: gone ? 0 : flags,
    header: {
      struct: rtmsg,
      values: {
        family: AF[familyOf(ip)],
        dstLength: prefixLength,
        table,
        type: routeTypes.indexOf(type),
        ...(gone
          ? { scope: RT_SCOPE_NOWHERE }
          : {
              protocol: RTPROT_KERNEL,
              scope: isIpv6 || (gw === null && dev !== null) ? scope : 0,
            }),
      },
    },
    attributes: [
      attribute(RTA.DST, bytesOfIp(ip)),
      ...(gw === null ? [] : [attribute(RTA.GATEWAY, bytesOfIp(gw))]),
      ...(dev === null ? [] : [attribute(RTA.OIF, { link: dev })]),
      ...(priority === 0 ? [] : [attribute(RTA.PRIORITY, u32(priority))]),
      ...(gone || source === null ? [] : [attribute(RTA.PREFSRC, bytesOfIp(source))]),
    ],
  };
}
