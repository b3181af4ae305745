/** Links, made and changed: the messages that `ip link` sends for the same. */
import type { Step } from "../../plan/diff.ts";
import type { Bridge, HostLink, Ifb, PodLink, Port, Veth } from "../../plan/state.ts";
import { ifinfomsg } from "../netlink/structs.ts";
import {
  IFF_UP,
  IFLA,
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

/** `up` null: as it is. */
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

/** An IFB takes a MAC when it is made, and none later. */
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

/** The port's own settings are its bridge's to take, so it has to be on it first. */
export function portRequests(port: Port): Request[] {
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
  return [onBridge, set(name, null, asPort)];
}

/** Also of the MAC that it has: the kernel tells its listeners all the same. */
export const setMac = (name: string, mac: string): Request => set(name, null, address(mac));

export const setPodLink = ({ name, mac, mtuBytes, gsoMaxBytes, up }: PodLink): Request =>
  set(
    name,
    up,
    address(mac),
    attribute(IFLA.MTU, u32(mtuBytes)),
    attribute(IFLA.GSO_MAX_SIZE, u32(gsoMaxBytes)),
  );
