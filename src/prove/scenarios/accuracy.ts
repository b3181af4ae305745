import { directions } from "../../plan/node.ts";
import type { Load, Phase, Scenario } from "../engine/scenario.ts";
import { capacity, flood, guaranteed, mega, paced, tcp, usualWire } from "./common.ts";

interface Row {
  rate: number;
  wire: number;
  /** How far the rate may be off the guarantee, either way. */
  within: number;
  seconds: number;
  thoroughSeconds: number;
  /** Whether UDP is measured, too. Above a certain rate paced datagrams are limited by the sender. */
  udp: boolean;
  /** Figures are medians of so many runs where the run is not thorough; it is one where absent. */
  usualRuns?: number;
}

// The tree is full, so nothing makes up for what a late timer costs, and the largest class lacks it.
const largest: Row = {
  rate: 500,
  wire: 1_000 * mega,
  within: 0.02,
  seconds: 3,
  thoroughSeconds: 5,
  udp: false,
  usualRuns: 3,
};

const rows: Row[] = [
  { rate: 5, wire: usualWire, within: 0.04, seconds: 8, thoroughSeconds: 20, udp: true },
  { rate: 50, wire: usualWire, within: 0.02, seconds: 3, thoroughSeconds: 5, udp: true },
  { rate: 200, wire: usualWire, within: 0.02, seconds: 3, thoroughSeconds: 5, udp: true },
  largest,
];

/** The reserve is next to nothing, so that there is nothing to borrow beside the pods' own. */
const reserveBits = 64_000;
const fillers = ["filler-a", "filler-b"];

/** Makes the pod that is measured, and two that hold and use all the rest. */
function accuracy(row: Row): Scenario {
  const { rate, wire, within, seconds, thoroughSeconds, udp, usualRuns = 1 } = row;
  const bits = rate * mega;
  const fillerBits = Math.floor((capacity(wire) - reserveBits - bits) / fillers.length);
  const protocols = udp ? (["TCP", "UDP"] as const) : (["TCP"] as const);
  const cases = directions.flatMap((direction) =>
    protocols.map((protocol) => ({ direction, protocol, name: `${direction} ${protocol}` })),
  );
  return {
    name: `accuracy-${rate}M`,
    shows: `A guarantee of ${rate} Mbit/s is that, not less and not more, while others use all the rest.`,
    wireBits: wire,
    config: { uplink: { reserve: String(reserveBits) } },
    pods: [guaranteed("exact", bits), ...fillers.map((name) => guaranteed(name, fillerBits))],
    phases: cases.map(({ direction, protocol, name }): Phase => {
      // On ingress all of it has to come through the wire, which carries 3% more than the capacity.
      const over = direction === "egress" ? 1.1 : 1.02;
      const own: Load =
        protocol === "TCP" ? tcp("exact", direction, 4) : paced("exact", direction, over * bits);
      return {
        name,
        loads: {
          ...Object.fromEntries(
            fillers.map((filler) => [filler, flood(filler, direction, over * fillerBits)]),
          ),
          exact: own,
        },
        seconds,
        thoroughSeconds,
        fills: [direction],
        // A tree that lacks more of its capacity than a guarantee may be off tells nothing about that
        // guarantee.
        fillShare: 1 - within,
      };
    }),
    repeat: { usual: usualRuns, thorough: 5 },
    checks: cases.map(({ name }) => ({
      what: `${name}: off the guarantee`,
      figure: { kind: "deviation", phase: name, load: "exact", ofBits: bits },
      is: "at most",
      wanted: within,
    })),
    beside: false,
  };
}

export const accuracies: Scenario[] = rows.map(accuracy);
