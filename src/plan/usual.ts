/**
 * Settings that a link has when it is made and that must stay so. Somebody may change them, and then packets
 * do not pass although everything else is in order. They are written as ip(8) writes them, "isolated on".
 */

import { type Act, act, difference, type Netns } from "./kinds/kind.ts";

interface UsualSettings {
  /** The words that follow `ip link set dev NAME`: "", "type bridge", "type bridge_slave". */
  place: "" | "type bridge" | "type bridge_slave";
  /** The usual value of each setting, by ip's word for it. Messages keep this order. */
  usual: Readonly<Record<string, string>>;
}

/** Without ARP a device neither asks for its neighbours nor answers them. */
const link = { place: "", usual: { arp: "on" } } as const satisfies UsualSettings;

/**
 * If the bridge had a master, that would take everything that comes in by the bridge before the node sees it.
 */
const bridgeLink = { place: "", usual: { arp: "on", master: "none" } } as const;

/**
 * Spanning tree keeps a new port from passing frames for half a minute. VLAN filtering drops what has no
 * VLAN.
 */
const bridge = {
  place: "type bridge",
  usual: { stp_state: "0", vlan_filtering: "0" },
} as const satisfies UsualSettings;

/** BR_STATE_FORWARDING, include/uapi/linux/if_bridge.h */
const forwardingState = "3";

const bridgePort = {
  place: "type bridge_slave",
  usual: {
    state: forwardingState,
    learning: "on",
    flood: "on",
    bcast_flood: "on",
    mcast_flood: "on",
    isolated: "off",
    locked: "off",
    neigh_suppress: "off",
    proxy_arp: "off",
    proxy_arp_wifi: "off",
  },
} as const satisfies UsualSettings;

const usualOf = {
  bridge: [bridgeLink, bridge],
  port: [bridgePort],
  podlink: [link],
} as const satisfies Record<string, readonly UsualSettings[]>;

type HasUsual = keyof typeof usualOf;

/** The settings that are not as usual: "isolated on, locked on". It is "" where there are none. */
export function unusual(kind: HasUsual, settings: Readonly<Record<string, string>>): string {
  const known: readonly UsualSettings[] = usualOf[kind];
  return known
    .flatMap(({ usual }) => Object.entries(usual))
    .flatMap(([name, value]) => {
      const is = settings[name];
      return is === undefined || is === value ? [] : [`${name} ${is}`];
    })
    .join(", ");
}

const pairsOf = (text: string): Map<string, string> =>
  new Map(
    text
      .split(", ")
      .filter((each) => each !== "")
      .map((each) => each.split(" ") as [string, string]),
  );

export interface UsualChange {
  name: string;
  is: string;
  should: string;
}

/** The changes of one place. */
export interface UsualChanges {
  place: UsualSettings["place"];
  changes: UsualChange[];
}

export interface WithUnusual {
  name: string;
  /** The settings that differ from those of a newly made link. When it is absent, there are none. */
  unusual?: string;
}

/** The changes that lead from one such text to the other, for each place that has any. */
function changesOf(kind: HasUsual, want: string | undefined, have?: string): UsualChanges[] {
  const [wanted, there] = [pairsOf(want ?? ""), pairsOf(have ?? "")];
  const places: readonly UsualSettings[] = usualOf[kind];
  return places.flatMap(({ place, usual }) => {
    const changes = Object.entries(usual).flatMap(([name, value]) => {
      const [should, is] = [wanted.get(name) ?? value, there.get(name) ?? value];
      return should === is ? [] : [{ name, is, should }];
    });
    return changes.length === 0 ? [] : [{ place, changes }];
  });
}

export const usualDifferences = (kind: HasUsual, want: WithUnusual, have: WithUnusual): string[] =>
  want.unusual === undefined
    ? []
    : changesOf(kind, want.unusual, have.unusual).flatMap(({ changes }) =>
        changes.flatMap(({ name, is, should }) => difference(name, should, is)),
      );

/** The lines that give a link these settings again. `have` is what a change finds. */
export const usualActs = (
  kind: HasUsual,
  { name, unusual }: WithUnusual,
  have: WithUnusual | null,
  netns: Netns = null,
): Act<UsualChanges>[] =>
  changesOf(kind, unusual, have?.unusual).map((does) => {
    const words = does.changes.map(({ name: word, should }) =>
      word === "master" && should === "none" ? "nomaster" : `${word} ${should}`,
    );
    const parts = ["link set dev", name, does.place, ...words];
    return act("ip", parts.filter((part) => part !== "").join(" "), does, netns);
  });
