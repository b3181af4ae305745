/** Looks at the uplink, and whether its capacities agree with what the link says of itself. */
import { formatRate } from "../../config/quantities.ts";
import type { NetworkConfig } from "../../config/types.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { capacitySet } from "../../node/facts/capacity-set.ts";
import type { Capacity } from "../../node/facts/capacity-sources.ts";
import { exitWords, otherExits } from "../../node/facts/exits.ts";
import { findLink, findUplink, linkSpeed } from "../../node/facts/uplink.ts";
import { directions } from "../../plan/node.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

/** `speed` is in bits per second, or says why it is not known. */
export function judgeCapacity(
  { direction, setBits, configuredBits }: Omit<Capacity, "linkBits">,
  speed: number | string,
): Finding {
  const id = `uplink.${direction}Capacity` as const;
  const isSet = setBits !== null;
  // What was set at run time goes before the key: advice on that would change nothing.
  const change = (to: string): string =>
    isSet
      ? `\`fairway set-capacity --${direction} RATE\` with ${to}, or \`--${direction} -\` to take back what was set`
      : `set ${id} to ${to}`;
  const givenBits = setBits ?? configuredBits;
  if (givenBits === null) {
    if (typeof speed === "string")
      return error(
        id,
        `${id} is not set and the link's speed is not known: ${speed}`,
        `set ${id} to what the wire carries, for example "1G"`,
      );
    const found = `${formatRate(speed)}bit/s, the link's speed`;
    return direction === "egress"
      ? ok(id, found)
      : warn(id, `${found}: what arrives queues before this node`, change(underTheWire));
  }
  const without =
    configuredBits === null ? "the link's speed" : `${formatRate(configuredBits)}bit/s as given`;
  const given = isSet
    ? `${formatRate(givenBits)}bit/s, set with \`fairway set-capacity\` until the next boot, in place of ${without}`
    : `${formatRate(givenBits)}bit/s, as given`;
  if (typeof speed === "string") return ok(id, `${given}; not to be checked: ${speed}`);
  const found = `${given}; the link's speed is ${formatRate(speed)}bit/s`;
  if (givenBits > speed)
    return warn(
      id,
      `${found}, which is less: promises beyond it cannot be kept`,
      `${change("what the wire carries")}, unless the driver's word is wrong`,
    );
  if (direction === "ingress" && givenBits === speed)
    return warn(id, `${found}: what arrives queues before this node`, change(underTheWire));
  return ok(id, found);
}

const underTheWire = "5-10% less than the wire carries";

function uplinkOf({ uplink, bridge, name }: NetworkConfig, view: LedgerView): Finding[] {
  return attempt("uplink", () => {
    const link = findLink(uplink, bridge);
    const chosen = uplink.name === null ? "the interface of the default route" : "as given";
    const found = `${link.name}, ${chosen} (network ${name}, MTU ${link.mtuBytes})`;
    const speed = linkSpeed(link);
    const set = capacitySet(view);
    return [
      link.up
        ? ok("uplink", found)
        : error("uplink", `${found} is down`, `ip link set dev ${link.name} up`),
      ...directions.map((direction) =>
        judgeCapacity(
          {
            direction,
            setBits: set[`${direction}Bits`],
            configuredBits: uplink[`${direction}CapacityBits`],
          },
          speed,
        ),
      ),
    ];
  });
}

/** Compares what the trees were made with and what they would be made with now. */
function followed({ configs, ledger, view }: Patient): Finding[] {
  return configs.flatMap((config) => {
    const recorded = ledger?.network(config.name) ?? null;
    if (recorded === null || !recorded.isOfThisBoot) return [];
    return attempt("uplink.recorded", () => {
      const now = findUplink(config.uplink, config.bridge);
      const { trees, mtuBytes } = recorded.base;
      const set = capacitySet(view);
      const changes = directions.flatMap((direction) => {
        const is = set[`${direction}Bits`] ?? now[`${direction}CapacityBits`];
        const was = trees[`${direction}CapacityBits`];
        return was === is
          ? []
          : [`${direction} capacity was ${formatRate(was)}bit/s and is ${formatRate(is)}bit/s`];
      });
      if (trees.uplink !== now.name)
        changes.push(`the uplink was ${trees.uplink} and is ${now.name}`);
      const mtuNow = config.mtuBytes ?? now.mtuBytes;
      if (mtuBytes !== mtuNow) changes.push(`the MTU was ${mtuBytes} and is ${mtuNow}`);
      if (changes.length === 0) return [];
      return [
        warn(
          "uplink.recorded",
          `since the last ADD of network ${config.name}: ${changes.join("; ")}`,
          "the next ADD brings capacities into force; change an uplink only on a node without pods",
        ),
      ];
    });
  });
}

/** Finds other interfaces that pods' traffic leaves by: it passes no tree there. */
function exits({ bridge, uplink: asked }: NetworkConfig, { ledger }: Patient): Finding[] {
  return attempt("uplink.others", () => {
    const ingress = ledger?.networks().find(({ isOfThisBoot }) => isOfThisBoot)?.base.ingress;
    const found = otherExits(findLink(asked, bridge).name, ingress?.name ?? bridge);
    return found.map((each) =>
      warn(
        "uplink.others",
        exitWords(each),
        "lead it over the uplink, or promise nothing to pods that send there; a promise covers one uplink",
      ),
    );
  });
}

export function uplink(patient: Patient): Finding[] {
  const [first] = patient.configs;
  // The networks of a node share one uplink: an ADD refuses those that do not agree.
  return first === undefined
    ? []
    : [...uplinkOf(first, patient.view), ...followed(patient), ...exits(first, patient)];
}
