/**
 * The questions whose answers make an outline (outline.ts), as requests. They are made once, and asked again
 * and again.
 */
import { type BaseInput, treesOf } from "../plan/desired.ts";
import { addressBits, bytesOfIp, families, familyOf } from "../plan/ip.ts";
import * as names from "../plan/names.ts";
import { isChained } from "../plan/node.ts";
import { linkIndex } from "./link-index.ts";
import { concat, encodeAttribute, encodeMessage, type Message } from "./netlink/codec.ts";
import { ifinfomsg, rtmsg } from "./netlink/structs.ts";
import * as nl from "./netlink/tables.ts";
import { handleNumber, request } from "./read/tc.ts";
import { text, u32 } from "./write/request.ts";

type Question = Pick<Message, "type" | "body">;

const linkNamed = (name: string): Question => ({
  type: nl.RTM.GETLINK,
  body: concat(ifinfomsg.encode({}), encodeAttribute(nl.IFLA.IFNAME, text(name))),
});

/** A tree's root, the HTB below it, the root class, and the host's own classes with their queues. */
function treeParts(index: number, minors: readonly number[]): Question[] {
  const queue = (parent: string): Question => ({
    type: nl.RTM.GETQDISC,
    body: request(index, 0, parent === "root" ? nl.TC_H_ROOT : handleNumber(parent)),
  });
  const classOf = (minor: number): Question => ({
    type: nl.RTM.GETTCLASS,
    body: request(index, handleNumber(names.classid(minor))),
  });
  return [
    queue("root"),
    queue(names.tbfClass),
    classOf(names.rootMinor),
    ...minors.flatMap((minor) => [classOf(minor), queue(names.classid(minor))]),
  ];
}

/**
 * Asks by which way the node's packets to that address leave it. The answer is the route as it stands in its
 * table.
 */
function routeTo(address: Uint8Array): Question {
  const family = address.length === 4 ? 4 : 6;
  const header = rtmsg.encode({
    family: nl.AF[family],
    dstLength: addressBits[family],
    flags: nl.RTM_F_FIB_MATCH,
  });
  return { type: nl.RTM.GETROUTE, body: concat(header, encodeAttribute(nl.RTA.DST, address)) };
}

/**
 * Another address of the same subnet, which a pod might have. It is the next one, or the one before where the
 * next is another subnet's or IPv4's broadcast address. null means that there is none.
 */
function neighbourIn(cidr: string): Uint8Array | null {
  const [address = "", length = ""] = cidr.split("/");
  const family = familyOf(address);
  const hostBits = addressBits[family] - Number(length);
  if (hostBits === 0) return null;
  const bytes = bytesOfIp(address);
  // It is enough to change the last byte: in a larger subnet the addresses next to 255 are not in another
  // subnet.
  const at = bytes.length - 1;
  const last = bytes[at] ?? 0;
  const mask = hostBits >= 8 ? 255 : (1 << hostBits) - 1;
  const next = (last & mask) + 1;
  const isBroadcast = family === 4 && hostBits > 1 && next === mask;
  bytes[at] = next > mask || isBroadcast ? last - 1 : last + 1;
  return bytes;
}

/** Asks for the routes to the gateways' addresses, which are the node's own, and to the pods around them. */
const routesTo = (gateways: readonly string[]): Question[] =>
  gateways.flatMap((cidr) => {
    const neighbour = neighbourIn(cidr);
    const own = routeTo(bytesOfIp(cidr.slice(0, cidr.indexOf("/"))));
    return neighbour === null ? [own] : [own, routeTo(neighbour)];
  });

/** Asks for each family whether the node forwards. */
const forwarding = (): Question[] =>
  families.map((family) => ({
    type: nl.RTM.GETNETCONF,
    // struct netconfmsg: the family and its padding.
    body: concat(
      Uint8Array.of(nl.AF[family], 0, 0, 0),
      encodeAttribute(nl.NETCONFA.IFINDEX, u32(nl.NETCONFA_IFINDEX_ALL)),
    ),
  }));

/**
 * The answers to this many questions fit into what a socket holds by default (net.core.rmem_default, 208
 * KiB).
 */
const questionsAtOnce = 16;

/** The last question of a batch asks for an acknowledgement, which ends the answers. */
function batchOf(questions: readonly Question[]): Uint8Array {
  const last = questions.length - 1;
  return concat(
    ...questions.map(({ type, body }, index) => {
      const flags = nl.NLM_F.REQUEST | nl.NLM_F.ECHO | (index === last ? nl.NLM_F.ACK : 0);
      return encodeMessage({ type, flags, sequence: index + 1, body });
    }),
  );
}

/**
 * The questions contain the numbers that the links have at this moment. The links' names are asked for first.
 */
export function outlineQuestions({ networks, hostBits }: BaseInput): Uint8Array[] {
  const [first] = networks;
  if (first === undefined) return [];
  const { trees, ingress } = first;
  const classesOfHost = [
    names.hostMinor,
    ...names.hostClassMinors.slice(0, trees.hostClasses.length),
  ];
  const devices = treesOf(trees, ingress, hostBits);
  const questions = [
    ...devices.map(({ dev }) => linkNamed(dev)),
    ...devices.flatMap((tree) => {
      const index = linkIndex(tree.dev);
      return index === null ? [] : treeParts(index, tree.hostBits === null ? [] : classesOfHost);
    }),
    ...(isChained(first)
      ? []
      : [...routesTo(networks.flatMap(({ gateways }) => gateways)), ...forwarding()]),
  ];
  const batches: Uint8Array[] = [];
  for (let at = 0; at < questions.length; at += questionsAtOnce)
    batches.push(batchOf(questions.slice(at, at + questionsAtOnce)));
  return batches;
}
