/** The kernel's own bytes of a table, as it tells them: nothing in them is anybody's interpretation. */
import { concat, encodeAttribute } from "../../src/kernel/netlink/codec.ts";
import { NetlinkSocket } from "../../src/kernel/netlink/socket.ts";
import { nfgenmsg } from "../../src/kernel/netlink/structs.ts";
import { NFT_MSG, NFTA_SET_ELEM_LIST } from "../../src/kernel/netlink/tables.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { placeOf } from "../../src/kernel/read/tables.ts";
import { setsOf } from "../../src/kernel/set-keys.ts";
import { text } from "../../src/kernel/write/request.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";

/** Table, chains, sets, rules and elements, a line of hexadecimal digits for each message. */
export function rawTable(namespace: string, table: string): string[] {
  const { header, name } = placeOf(table);
  const { TABLE, SET } = NFTA_SET_ELEM_LIST;
  const inTable = encodeAttribute(TABLE, text(name));
  return inNetns(namespacePath(namespace), () => {
    using socket = new NetlinkSocket("netfilter");
    const dump = (title: string, type: number, ...parts: Uint8Array[]): string[] =>
      socket
        .dump(type, concat(header, ...parts))
        .map(({ body }) => `${title} ${body.subarray(nfgenmsg.bytes).toHex()}`);
    const existing = new Set(
      dump("set", NFT_MSG.GETSET, inTable).flatMap((line) =>
        setsOf(table).flatMap((set) =>
          line.includes(encodeAttribute(SET, text(set.name)).toHex()) ? [set.name] : [],
        ),
      ),
    );
    return [
      ...dump("table", NFT_MSG.GETTABLE),
      ...dump("set", NFT_MSG.GETSET, inTable),
      ...dump("chain", NFT_MSG.GETCHAIN),
      ...dump("rule", NFT_MSG.GETRULE, inTable),
      ...[...existing].flatMap((set) =>
        dump(set, NFT_MSG.GETSETELEM, inTable, encodeAttribute(SET, text(set))),
      ),
    ];
  });
}
