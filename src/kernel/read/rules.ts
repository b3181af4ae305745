/** The node's routing policy: in which of its tables a packet is looked up (ip-rule(8)). */
import { addressBits, type Family } from "../../plan/ip.ts";
import type { Prefix } from "../../plan/prefix.ts";
import { Attributes } from "../netlink/codec.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { fibRuleHeader } from "../netlink/structs.ts";
import { AF, FIB_RULE_INVERT, FRA, RTM, ruleActions } from "../netlink/tables.ts";

export interface PolicyRule {
  family: Family;
  priority: number;
  /** null means any. */
  source: Prefix | null;
  destination: Prefix | null;
  /** The interface that a packet came in by. null means any. */
  iif: string | null;
  /**
   * "lookup" in a table, or "blackhole", "unreachable", "prohibit". null means that the rule decides nothing
   * by itself.
   */
  action: string | null;
  table: number;
  /** Routes of the table up to this prefix length do not count. null means that all count. */
  suppressLength: number | null;
  isInverted: boolean;
  hasMark: boolean;
  /** Whether the rule asks for more: a user, a protocol, a port, an outgoing interface, a VRF. */
  isSelective: boolean;
}

const selective = [
  FRA.OIFNAME,
  FRA.L3MDEV,
  FRA.UID_RANGE,
  FRA.IP_PROTO,
  FRA.SPORT_RANGE,
  FRA.DPORT_RANGE,
];
/** (u32)-1 means that nothing is suppressed. */
const noSuppression = 0xffff_ffff;

/** The rules in the order in which the kernel asks them. */
export function policyRules(socket: NetlinkSocket, family: Family): PolicyRule[] {
  return socket
    .dump(RTM.GETRULE, fibRuleHeader.encode({ family: AF[family] }))
    .flatMap(({ body }): PolicyRule[] => {
      const found = fibRuleHeader.decode(body);
      if (found.family !== AF[family]) return [];
      const attributes = new Attributes(body, fibRuleHeader.bytes);
      const prefix = (type: number, length: number): Prefix | null => {
        const bytes = attributes.bytes(type);
        if (length === 0) return null;
        return { bytes: bytes ?? new Uint8Array(addressBits[family] / 8), length };
      };
      const suppressed = attributes.u32(FRA.SUPPRESS_PREFIXLEN) ?? noSuppression;
      return [
        {
          family,
          priority: attributes.u32(FRA.PRIORITY) ?? 0,
          source: prefix(FRA.SRC, found.srcLength),
          destination: prefix(FRA.DST, found.dstLength),
          iif: attributes.text(FRA.IIFNAME) ?? null,
          action: ruleActions[found.action] ?? null,
          table: attributes.u32(FRA.TABLE) ?? found.table,
          suppressLength: suppressed === noSuppression ? null : suppressed,
          isInverted: (found.flags & FIB_RULE_INVERT) !== 0,
          hasMark: (attributes.u32(FRA.FWMARK) ?? 0) !== 0,
          isSelective: found.tos !== 0 || selective.some((type) => attributes.bytes(type)),
        },
      ];
    })
    .toSorted((a, b) => a.priority - b.priority);
}
