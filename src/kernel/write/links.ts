/** Makes and changes links, with the messages that `ip link` sends for the same. */
import type { Step } from "../../plan/diff.ts";
import type { Bridge, HostLink, Ifb, KernelObject, PodLink, Port, Veth } from "../../plan/state.ts";
import {
  type Change,
  changesBetween,
  type HasUsual,
  type UsualSettings,
  usualOf,
} from "../../plan/usual.ts";
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
  VETH_INFO_PEER,
} from "../netlink/tables.ts";
import { type Attribute, attribute, nested, type Request, text, u8, u16, u32 } from "./request.ts";

const macBytes = (mac: string): Uint8Array =>
  Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));

const address = (mac: string): Attribute => attribute(IFLA.ADDRESS, macBytes(mac));

function create(name: string, kind: string, data: Attribute[], ...more: Attribute[]): Request {
  return {
    type: RTM.NEWLINK,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    header: { struct: ifinfomsg, values: {} },
    attributes: [
      attribute(IFLA.IFNAME, text(name)),
      ...more,
      nested(
        IFLA.LINKINFO,
        attribute(IFLA_INFO.KIND, text(kind)),
        ...(data.length === 0 ? [] : [nested(IFLA_INFO.DATA, ...data)]),
      ),
    ],
  };
}

/** `up` null means that the link stays up or down as it is. */
function set(name: string, up: boolean | null, ...attributes: Attribute[]): Request {
  return {
    type: RTM.NEWLINK,
    flags: 0,
    header: {
      struct: ifinfomsg,
      values: up === null ? {} : { flags: up ? IFF_UP : 0, change: IFF_UP },
    },
    attributes: [attribute(IFLA.IFNAME, text(name)), ...attributes],
  };
}

export function deletionOf(name: string): Request {
  return {
    type: RTM.DELLINK,
    flags: 0,
    header: { struct: ifinfomsg, values: {} },
    attributes: [attribute(IFLA.IFNAME, text(name))],
  };
}

export const madeBridge = ({ name, mac }: Bridge): Request =>
  create(name, "bridge", [], address(mac));

export const setBridge = ({ name, mac, mtuBytes, up }: Bridge): Request =>
  set(name, up, address(mac), attribute(IFLA.MTU, u32(mtuBytes)));

/** An IFB accepts a MAC when it is made, and not later. */
export const madeIfb = ({ name, mac }: Ifb): Request => create(name, "ifb", [], address(mac));

export const setUp = ({ name, up }: Ifb): Request => set(name, up);

export const setTxQueueLength = (name: string, packets: number): Request =>
  set(name, null, attribute(IFLA.TXQLEN, u32(packets)));

export const setGsoIpv4Size = ({ name }: HostLink, bytes: number): Request =>
  set(name, null, attribute(IFLA.GSO_IPV4_MAX_SIZE, u32(bytes)));

export const setGsoSize = ({ name }: HostLink, bytes: number): Request =>
  set(name, null, attribute(IFLA.GSO_MAX_SIZE, u32(bytes)));

export function vethRequests(op: Step["op"], { name, netns, ifname }: Veth): Request[] {
  if (op === "delete") return [deletionOf(name)];
  const peer: Attribute = {
    type: VETH_INFO_PEER,
    value: {
      header: ifinfomsg.encode({}),
      attributes: [attribute(IFLA.IFNAME, text(ifname)), attribute(IFLA.NET_NS_FD, { netns })],
    },
  };
  return [create(name, "veth", [peer])];
}

/** The form that the kernel has for each setting of a link's kind. A flag is one byte. */
const kindSettings: Record<string, [number, (value: string) => Uint8Array]> = {
  stp_state: [IFLA_BR.STP_STATE, (value) => u32(Number(value))],
  vlan_filtering: [IFLA_BR.VLAN_FILTERING, (value) => u8(Number(value))],
  state: [IFLA_BRPORT.STATE, (value) => u8(Number(value))],
  learning: [IFLA_BRPORT.LEARNING, flag],
  flood: [IFLA_BRPORT.UNICAST_FLOOD, flag],
  bcast_flood: [IFLA_BRPORT.BCAST_FLOOD, flag],
  mcast_flood: [IFLA_BRPORT.MCAST_FLOOD, flag],
  isolated: [IFLA_BRPORT.ISOLATED, flag],
  locked: [IFLA_BRPORT.LOCKED, flag],
  neigh_suppress: [IFLA_BRPORT.NEIGH_SUPPRESS, flag],
  proxy_arp: [IFLA_BRPORT.PROXYARP, flag],
  proxy_arp_wifi: [IFLA_BRPORT.PROXYARP_WIFI, flag],
};

function flag(value: string): Uint8Array {
  return u8(value === "on" ? 1 : 0);
}

function kindSetting({ name, should }: Change): Attribute[] {
  const known = kindSettings[name];
  return known === undefined ? [] : [attribute(known[0], known[1](should))];
}

/** The request for settings of the link itself, whatever its kind is. */
function linkSettings(name: string, changes: Change[]): Request {
  const arp = changes.find((change) => change.name === "arp");
  const master = changes.find((change) => change.name === "master");
  const values =
    arp === undefined ? {} : { flags: arp.should === "on" ? 0 : IFF_NOARP, change: IFF_NOARP };
  const request = set(name, null);
  if (master !== undefined)
    request.attributes.push(
      attribute(IFLA.MASTER, master.should === "none" ? u32(0) : { link: master.should }),
    );
  return { ...request, header: { ...request.header, values } };
}

/** The requests that give a link these settings (usual.ts), one for each place that has any. */
export function usualRequests(
  { name, unusual }: { name: string; unusual?: string },
  have: KernelObject | null,
  kind: HasUsual,
): Request[] {
  const there = have?.kind === kind ? have.unusual : undefined;
  const places: readonly UsualSettings[] = usualOf[kind];
  return places.flatMap((each) => {
    const changes = changesBetween(each, unusual, there);
    if (changes.length === 0) return [];
    if (each.place === "") return [linkSettings(name, changes)];
    const [kindType, dataType] =
      kind === "port"
        ? [IFLA_INFO.SLAVE_KIND, IFLA_INFO.SLAVE_DATA]
        : [IFLA_INFO.KIND, IFLA_INFO.DATA];
    return [
      set(
        name,
        null,
        nested(
          IFLA.LINKINFO,
          attribute(kindType, text("bridge")),
          nested(dataType, ...changes.flatMap(kindSetting)),
        ),
      ),
    ];
  });
}

/**
 * A port's own settings are accepted by its bridge, so it has to be on the bridge first. `have` is what a
 * change finds.
 */
export function portRequests(port: Port, have: KernelObject | null): Request[] {
  const { name, mac, mtuBytes, bridge, hairpin, groupForwardMask, up } = port;
  const master = attribute(IFLA.MASTER, bridge === null ? u32(0) : { link: bridge });
  const onBridge = set(name, up, address(mac), attribute(IFLA.MTU, u32(mtuBytes)), master);
  if (bridge === null) return [onBridge];
  const asPort = nested(
    IFLA.LINKINFO,
    attribute(IFLA_INFO.SLAVE_KIND, text("bridge")),
    nested(
      IFLA_INFO.SLAVE_DATA,
      attribute(IFLA_BRPORT.MODE, u8(hairpin ? 1 : 0)),
      attribute(IFLA_BRPORT.GROUP_FWD_MASK, u16(groupForwardMask)),
    ),
  );
  return [onBridge, set(name, null, asPort), ...usualRequests(port, have, "port")];
}

/** This is also sent with the MAC that the link already has: the kernel tells its listeners all the same. */
export const setMac = (name: string, mac: string): Request => set(name, null, address(mac));

export const setPodLink = ({ name, mac, mtuBytes, gsoMaxBytes, up }: PodLink): Request =>
  set(
    name,
    up,
    address(mac),
    attribute(IFLA.MTU, u32(mtuBytes)),
    attribute(IFLA.GSO_MAX_SIZE, u32(gsoMaxBytes)),
  );
