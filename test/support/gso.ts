/** The largest units of a device. Debian's iproute2 is older than IPv4's own. */
import { applyAlone } from "../../src/kernel/apply.ts";
import { NetlinkSocket } from "../../src/kernel/netlink/socket.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { linkNamed } from "../../src/kernel/read/links.ts";

export interface Sizes {
  gsoMaxBytes: number;
  gsoIpv4MaxBytes: number;
}

/** Of a device in the namespace at a path. */
export function sizesOf(netns: string, name: string): Partial<Sizes> {
  return inNetns(netns, () => {
    using socket = new NetlinkSocket();
    const { gsoMaxBytes, gsoIpv4MaxBytes } = linkNamed(socket, name) ?? {};
    return {
      ...(gsoMaxBytes !== undefined && { gsoMaxBytes }),
      ...(gsoIpv4MaxBytes != null && { gsoIpv4MaxBytes }),
    };
  });
}

export function giveSizes(netns: string, name: string, sizes: Sizes): void {
  const want = { kind: "hostlink", name, ...sizes } as const;
  const refused = inNetns(netns, () =>
    applyAlone({ op: "change", owner: "base", why: "", want, have: want }),
  );
  if (refused !== null) throw refused;
}
