import { directions } from "../../plan/node.ts";
import type { Scenario } from "../engine/scenario.ts";
import {
  besideNoisy,
  bestEffort,
  capacity,
  floodTheWire,
  guaranteed,
  keeps,
  keepsTogether,
  mega,
  paced,
  steadyInItsClass,
  steadyKeeps,
  tcp,
  usualGuarantee,
  usualWire,
} from "./common.ts";

const inItsClass = directions.map((direction) => steadyInItsClass(direction, direction, 0.97));

const pods = [guaranteed("steady", usualGuarantee), bestEffort("noisy")];

/** The wire is slower here, since both directions cost twice the processor time. */
const bothWire = 200 * mega;
const bothGuarantee = 80 * mega;

export const guarantees: Scenario[] = [
  {
    name: "tcp-flood",
    shows: "A pod has its guarantee while another pod's eight TCP flows take all they can get.",
    wireBits: usualWire,
    pods,
    phases: besideNoisy,
    checks: steadyKeeps,
    beside: true,
  },
  {
    name: "udp-flood",
    shows:
      "A pod has its guarantee, by TCP and by UDP, while another pod sends half as much again as the wire carries and does not react to loss.",
    wireBits: usualWire,
    pods,
    // These are on egress only: no receiver can keep others from filling the wire before it.
    phases: [
      {
        name: "TCP",
        loads: {
          noisy: floodTheWire("noisy"),
          steady: tcp("steady", "egress", 4),
        },
        seconds: 3,
        fills: ["egress"],
      },
      {
        name: "UDP",
        loads: {
          noisy: floodTheWire("noisy"),
          steady: paced("steady", "egress", 1.05 * usualGuarantee),
        },
        seconds: 3,
        fills: ["egress"],
      },
    ],
    checks: ["TCP", "UDP"].map((phase) =>
      keeps(`egress, ${phase}: steady pod, of its guarantee`, phase, "steady", usualGuarantee),
    ),
    beside: true,
  },
  {
    name: "both-directions",
    shows:
      "Guarantees hold in both directions at once, the acknowledgements of the other one included.",
    wireBits: bothWire,
    pods: [guaranteed("steady", bothGuarantee), bestEffort("noisy")],
    phases: [
      {
        name: "both",
        loads: Object.fromEntries(
          directions.flatMap((direction) => [
            [`noisy ${direction}`, tcp("noisy", direction, 8)],
            [`steady ${direction}`, tcp("steady", direction, 4)],
          ]),
        ),
        seconds: 4,
        fills: [...directions],
        // Acknowledgements wait in the full queue of the other direction. So the round trip is twice what a
        // leaf's queue was made for, and TCP leaves some of the rate unused.
        fillShare: 0.8,
      },
    ],
    checks: [
      ...directions.map((direction) =>
        keeps(
          `${direction}: steady pod, of its guarantee`,
          "both",
          `steady ${direction}`,
          bothGuarantee,
        ),
      ),
      ...directions.map((direction) => ({
        ...keepsTogether(
          `${direction}: both pods together, of the capacity`,
          "both",
          [`steady ${direction}`, `noisy ${direction}`],
          capacity(bothWire),
        ),
        onlyShown: "TCP's own, where both directions are full",
      })),
    ],
    beside: true,
  },
  {
    name: "masquerade",
    shows:
      "Guarantees hold for traffic that leaves by the node's address; the remote host knows no other.",
    wireBits: usualWire,
    config: { ipMasq: true },
    noRouteBack: true,
    pods,
    phases: directions.map((direction) => ({
      name: direction,
      loads: {
        noisy: tcp("noisy", direction, 8, direction === "ingress" || undefined),
        steady: tcp("steady", direction, 4, direction === "ingress" || undefined),
      },
      seconds: 3,
      fills: [direction],
    })),
    checks: [...steadyKeeps, ...inItsClass],
    beside: true,
  },
  {
    name: "overlay",
    shows:
      "Guarantees hold for what goes through a VXLAN tunnel, outer headers included: each packet is in its pod's class on the uplink.",
    wireBits: usualWire,
    // The tunnel's headers are 14 (Ethernet), 20 (IPv4), 8 (UDP) and 8 (VXLAN) bytes. The ingress tree counts
    // what is inside of it: 3.4% less than the wire carries, beside the usual margin.
    config: { mtu: 1450, uplink: { ingressCapacity: "465M" } },
    overlay: true,
    // 1398 bytes of payload are 1514 on the uplink, and 1464 where the tunnel's headers are off again.
    tcpFrames: { egress: 1514 / 1398, ingress: 1464 / 1398 },
    pods,
    phases: besideNoisy.map((phase) => ({
      ...phase,
      // The ingress tree is smaller than those of the other scenarios.
      fills: phase.name === "egress" ? ["egress"] : [],
    })),
    checks: [...steadyKeeps, ...inItsClass],
    beside: true,
  },
  {
    name: "borrow",
    shows:
      "What an idle owner does not use is lent, and it has it back at once when it sends again: in each of 20 tries after a pause, by 10 ms bins at the receiver.",
    wireBits: usualWire,
    pods,
    phases: [
      ...directions.map((direction) => ({
        name: `lent ${direction}`,
        loads: { noisy: tcp("noisy", direction, 8) },
        seconds: 2,
      })),
      ...directions.map((direction) => ({
        name: `back ${direction}`,
        loads: {
          noisy: tcp("noisy", direction, 8),
          owner: {
            kind: "udp" as const,
            pod: "steady",
            direction,
            rateBits: 1.1 * usualGuarantee,
            // One by one it would be 18,000 calls a second, and a sender beside eight flows has not always
            // the time for them.
            inUnits: true,
            pauses: { onMs: 300, offMs: 300 },
          },
        },
        seconds: 12,
        binMs: 10,
      })),
    ],
    checks: [
      ...directions.map((direction) =>
        keeps(
          `${direction}: the noisy pod beside an idle owner, of the capacity`,
          `lent ${direction}`,
          "noisy",
          capacity(usualWire),
          0.95,
        ),
      ),
      ...directions.map((direction) => ({
        what: `${direction}: until a returning owner has 95% of its guarantee, median of 20`,
        figure: {
          kind: "givenBack" as const,
          phase: `back ${direction}`,
          load: "owner",
          ofBits: usualGuarantee,
          share: 0.95,
        },
        is: "at most" as const,
        wanted: 50,
      })),
    ],
    beside: false,
  },
];
