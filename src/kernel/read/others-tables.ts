/** What of others' tables is known without nft, which alone tells their rules in words. */
import { Attributes, listed, type Message, viewOf } from "../netlink/codec.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { nfgenmsg } from "../netlink/structs.ts";
import {
  inetHooks,
  NFPROTO,
  NFT_MSG,
  NFTA_CHAIN,
  NFTA_FLOWTABLE,
  NFTA_FLOWTABLE_HOOK_DEVS,
  NFTA_HOOK,
} from "../netlink/tables.ts";
import { ofTables } from "./tables.ts";

const familyNames = new Map<number, string>(
  Object.entries(NFPROTO).map(([name, number]) => [number, name]),
);

const familyOf = ({ body }: Message): string =>
  familyNames.get(nfgenmsg.decode(body).family) ?? "unknown";

/** Of all families. The list is empty where there is no table at all. */
function dump(type: number): Message[] {
  using socket = new NetlinkSocket("netfilter");
  return ofTables(() => socket.dump(type, nfgenmsg.encode({}))) ?? [];
}

/** The table of a chain at the hook forward, as in "ip filter". It is empty for any other chain. */
function tableAtForward(message: Message): string[] {
  const family = familyOf(message);
  const chain = new Attributes(message.body, nfgenmsg.bytes);
  const hook = chain.nested(NFTA_CHAIN.HOOK)?.bytes(NFTA_HOOK.HOOKNUM);
  // The hooks of devices have numbers of their own.
  if (hook === undefined || family === "netdev") return [];
  const isThere = viewOf(hook).getUint32(0, false) === inetHooks.indexOf("forward");
  return isThere ? [`${family} ${chain.text(NFTA_CHAIN.TABLE)}`] : [];
}

/** The tables that have a chain at the hook forward. */
export const tablesAtForward = (): string[] => [
  ...new Set(dump(NFT_MSG.GETCHAIN).flatMap(tableAtForward)),
];

interface Flowtable {
  family: string;
  table: string;
  name: string;
  /** The devices that it is for. */
  dev: string[];
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/\0.*$/s, "");

export function flowtableOf(message: Message): Flowtable {
  const { TABLE, NAME, HOOK } = NFTA_FLOWTABLE;
  const found = new Attributes(message.body, nfgenmsg.bytes);
  const devices = found.nested(HOOK)?.bytes(NFTA_FLOWTABLE_HOOK_DEVS);
  return {
    family: familyOf(message),
    table: found.text(TABLE) ?? "",
    name: found.text(NAME) ?? "",
    dev: devices === undefined ? [] : listed(devices).map(textOf),
  };
}

export const flowtables = (): Flowtable[] => dump(NFT_MSG.GETFLOWTABLE).map(flowtableOf);
