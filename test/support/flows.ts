/** What conntrack has in a namespace. */
import { Attributes } from "../../src/kernel/netlink/codec.ts";
import { NetlinkSocket } from "../../src/kernel/netlink/socket.ts";
import { nfgenmsg } from "../../src/kernel/netlink/structs.ts";
import { CT_MSG, CTA, CTA_IP_SRC, CTA_TUPLE_IP } from "../../src/kernel/netlink/tables.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { families, ipOfBytes } from "../../src/plan/ip.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";

/** "198.19.1.2 > 198.18.0.2, answered 198.18.0.2 > 198.18.0.1", a line for each flow. */
export function flowsOf(namespace: string): string[] {
  return inNetns(namespacePath(namespace), () => {
    using socket = new NetlinkSocket("netfilter");
    return socket.dump(CT_MSG.GET, nfgenmsg.encode({})).map(({ body }) => {
      const flow = new Attributes(body, nfgenmsg.bytes);
      const [asked, answered] = [CTA.TUPLE_ORIG, CTA.TUPLE_REPLY].map((tuple) => {
        const ip = flow.nested(tuple)?.nested(CTA_TUPLE_IP);
        const ends = families.flatMap((family) =>
          [0, 1].flatMap((end) => {
            const bytes = ip?.bytes(CTA_IP_SRC[family] + end);
            return bytes === undefined ? [] : [ipOfBytes(bytes)];
          }),
        );
        return ends.join(" > ");
      });
      return `${asked} , answered ${answered}`;
    });
  });
}
