import { familyOf, isLinkLocal } from "../ip.ts";
import {
  act,
  fields,
  interfaceKey,
  type Kind,
  type Netns,
  type Op,
  setting,
  where,
} from "./kind.ts";

export interface Address {
  kind: "address";
  netns: Netns;
  dev: string;
  /** "10.244.1.2/24" */
  cidr: string;
  /** This is set on an address that is to be deleted while others of its subnet stay (gateways.ts). */
  keepsOthers?: true;
}

export const address: Kind<Address, Op> = {
  key: ({ netns, dev, cidr }) => `address ${where(netns)} ${dev} ${cidr}`,
  title: ({ cidr, dev }) => `address ${cidr} on ${dev}`,
  containers: ({ netns, dev }) => [interfaceKey(netns, dev)],
  differ: fields(),
  brings: ({ netns, dev, cidr }) => ({ netns, dev, cidr }),
  acts: (op, { netns, dev, cidr, keepsOthers }) => {
    if (op === "delete")
      return [
        // Without this setting the kernel deletes every later address of the subnet together with the first.
        ...(keepsOthers ? [setting(`net/ipv4/conf/${dev}/promote_secondaries`, "1")] : []),
        act("ip", `address del ${cidr} dev ${dev}`, op, netns),
      ];
    // The kernel gives an interface its link-local address by itself, and may have been faster.
    const verb = isLinkLocal(cidr) ? "replace" : "add";
    // Without nodad IPv6 does not use an address for a second or two, until it is sure that nobody else has
    // it.
    const noDad = familyOf(cidr) === 6 ? " nodad" : "";
    return [act("ip", `address ${verb} ${cidr} dev ${dev}${noDad}`, op, netns)];
  },
};
