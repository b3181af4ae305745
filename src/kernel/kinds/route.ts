import { RTA, RTAX, RTN_UNICAST, RTPROT_BOOT } from "../netlink/tables.ts";
import { attribute, nested, u32 } from "../write/request.ts";
import { adding, routeRequest } from "../write/routes.ts";
import type { KernelKind } from "./kind.ts";

export const route: KernelKind<"route"> = {
  observe: (look, want) => {
    const { dst, table, priority } = want;
    const found = look
      .pod(want.netns, want.dev)
      .routes.find((r) => r.dst === dst && r.table === table && r.priority === priority);
    if (found === undefined) return null;
    const { gw, scope, mtuBytes, advmssBytes } = found;
    return { ...want, gw, scope, mtuBytes, advmssBytes };
  },
  message: (op, object) => {
    const { scope, mtuBytes, advmssBytes } = object;
    const metrics = [
      ...(mtuBytes === null ? [] : [attribute(RTAX.MTU, u32(mtuBytes))]),
      ...(advmssBytes === null ? [] : [attribute(RTAX.ADVMSS, u32(advmssBytes))]),
    ];
    return routeRequest(
      op,
      object,
      adding,
      { protocol: RTPROT_BOOT, scope, type: RTN_UNICAST },
      ...(metrics.length === 0 ? [] : [nested(RTA.METRICS, ...metrics)]),
    );
  },
};
