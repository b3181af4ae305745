/** Finds what others have put on the pods' host interfaces: a limit beside a promise. */
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks } from "../../kernel/read/links.ts";
import { shaperAdvice, shaperOn } from "../../node/facts/shaper.ts";
import { attachmentName, podTitle } from "../../plan/node.ts";
import { attempt, error, type Finding, ok, type Patient } from "./finding.ts";

const id = "shapers";

export function shapers({ ledger }: Patient): Finding[] {
  const rows = ledger?.attachments.all() ?? [];
  if (rows.length === 0) return [];
  return attempt(id, () => {
    using socket = new NetlinkSocket();
    const links = new Map(allLinks(socket).map((link) => [link.name, link]));
    const found = rows.flatMap((row) => {
      const host = links.get(row.hostVeth);
      const shaper = host === undefined ? null : shaperOn(host, socket);
      return shaper === null
        ? []
        : [
            error(
              id,
              `${podTitle(row) ?? attachmentName(row)} is limited by another, too: ${shaper}`,
              shaperAdvice,
            ),
          ];
    });
    return found.length > 0 ? found : [ok(id, "nobody else limits a pod of this node")];
  });
}
