/** Makes and changes links, with the messages that `ip link` sends for the same. */
import type { UsualChange, UsualChanges } from "../../plan/usual.ts";
import { ifinfomsg } from "../netlink/structs.ts";
import {
  IFF_NOARP,
  IFF_UP,
  IFLA,
  IFLA_BR,
  IFLA_BRPORT,
  IFLA_INFO,
  NLM_F,
  RTM,
} from "../netlink/tables.ts";
import { portFlags } from "../read/links.ts";
import {
  type Attribute,
  attribute,
  nested,
  type Request,
  requestOf,
  text,
  u8,
  u32,
} from "./request.ts";

const macBytes = (mac: string): Uint8Array =>
  Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));

export const macOf = (mac: string): Attribute => attribute(IFLA.ADDRESS, macBytes(mac));

export const mtuOf = (mtuBytes: number): Attribute => attribute(IFLA.MTU, u32(mtuBytes));

/** null means that the link is to have no master. */
export const masterOf = (name: string | null): Attribute =>
  attribute(IFLA.MASTER, name === null ? u32(0) : { link: name });

const named = (name: string): Attribute => attribute(IFLA.IFNAME, text(name));

const infoOf = (kindType: number, kind: string, dataType: number, data: Attribute[]): Attribute =>
  nested(
    IFLA.LINKINFO,
    attribute(kindType, text(kind)),
    ...(data.length === 0 ? [] : [nested(dataType, ...data)]),
  );

const ofKind = (kind: string, ...data: Attribute[]): Attribute =>
  infoOf(IFLA_INFO.KIND, kind, IFLA_INFO.DATA, data);

/** Settings that belong to the port of a bridge. */
export const asPort = (...data: Attribute[]): Attribute =>
  infoOf(IFLA_INFO.SLAVE_KIND, "bridge", IFLA_INFO.SLAVE_DATA, data);

export const makeLink = (
  name: string,
  kind: string,
  set: Attribute[],
  data: Attribute[] = [],
): Request =>
  requestOf(
    RTM.NEWLINK,
    NLM_F.CREATE | NLM_F.EXCL,
    ifinfomsg,
    {},
    named(name),
    ...set,
    ofKind(kind, ...data),
  );

/** `up` null means that the link stays up or down as it is. */
export const setLink = (name: string, up: boolean | null, ...attributes: Attribute[]): Request =>
  requestOf(
    RTM.NEWLINK,
    0,
    ifinfomsg,
    up === null ? {} : { flags: up ? IFF_UP : 0, change: IFF_UP },
    named(name),
    ...attributes,
  );

export const removeLink = (name: string): Request =>
  requestOf(RTM.DELLINK, 0, ifinfomsg, {}, named(name));

const flags = new Map(portFlags);
/** The form that the kernel has for each of the other settings of a link's kind. */
const numbers: Record<string, [number, (value: number) => Uint8Array]> = {
  stp_state: [IFLA_BR.STP_STATE, u32],
  vlan_filtering: [IFLA_BR.VLAN_FILTERING, u8],
  state: [IFLA_BRPORT.STATE, u8],
};

function kindSetting({ name, should }: UsualChange): Attribute[] {
  const flag = flags.get(name);
  if (flag !== undefined) return [attribute(flag, u8(should === "on" ? 1 : 0))];
  const [type, form] = numbers[name] ?? [];
  return type === undefined || form === undefined ? [] : [attribute(type, form(Number(should)))];
}

/** The request for settings of the link itself, whatever its kind is. */
function linkSettings(name: string, changes: UsualChange[]): Request {
  const should = (setting: string): string | undefined =>
    changes.find((change) => change.name === setting)?.should;
  const [arp, master] = [should("arp"), should("master")];
  return requestOf(
    RTM.NEWLINK,
    0,
    ifinfomsg,
    arp === undefined ? {} : { flags: arp === "on" ? 0 : IFF_NOARP, change: IFF_NOARP },
    named(name),
    ...(master === undefined ? [] : [masterOf(master === "none" ? null : master)]),
  );
}

/** Gives a link settings again that it has when it is made (usual.ts). */
export function usualRequest(name: string, { place, changes }: UsualChanges): Request {
  if (place === "") return linkSettings(name, changes);
  const data = changes.flatMap(kindSetting);
  return setLink(name, null, place === "type bridge" ? ofKind("bridge", ...data) : asPort(...data));
}
