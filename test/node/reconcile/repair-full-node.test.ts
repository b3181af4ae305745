/**
 * The sum of all leaf rates, the host's own included, on a kernel with one best-effort pod and with 250:
 * floors are rates too. Of 40M the reserve of 2M pays for the host's 1M and for 125 floors of 8k; what
 * more floors there are comes from what guarantees could have.
 */
import { expect, test } from "bun:test";
import { repair } from "../../../src/node/reconcile/repair.ts";
import { withNode } from "../../support/node.ts";
import { type NodeLayer, nodeLayer } from "../../support/node-layer.ts";

const capacityBits = 40e6;
const hostBits = 1e6;
const floorBits = 8e3;

const rate = `${capacityBits}`;
const base = {
  uplink: { name: "uplink", egressCapacity: rate, ingressCapacity: rate },
  ipam: { subnet: "198.19.0.0/22" },
};
const guarantee = (bits: number) => ({
  "fairway.dev/egress-guarantee": `${bits}`,
  "fairway.dev/ingress-guarantee": `${bits}`,
});

const rootClass = "fa01:1";

function leafRates(layer: NodeLayer, dev: string): number[] {
  const leaves = [...layer.classes(dev)].filter(([id]) => id !== rootClass);
  return leaves.map(([, { rateBytes }]) => rateBytes * 8);
}

interface Row {
  overcommit: "reject" | "scale";
  pods: number;
  /** Asked by one pod more, before them. */
  askedBits: number;
  inForceBits: number;
  /** Whether there is room for one best-effort pod more. */
  isFull: boolean;
}

const rows: Row[] = [
  { overcommit: "reject", pods: 1, askedBits: 38e6, inForceBits: 38e6, isFull: false },
  { overcommit: "reject", pods: 250, askedBits: 37e6, inForceBits: 37e6, isFull: true },
  { overcommit: "scale", pods: 130, askedBits: 38e6, inForceBits: 38e6 - 5 * 8e3, isFull: false },
];

test.each(rows)(
  "$overcommit: with $pods best-effort pods beside a guarantee the leaves of both trees come to no more than the capacity",
  ({ overcommit, pods, askedBits, inForceBits, isFull }) =>
    withNode(
      (node) => {
        using layer = nodeLayer(node);
        layer.add(node.pod("g"), guarantee(askedBits));
        for (let n = 0; n < pods; n++) layer.add(node.pod(`b${n}`));
        for (const [dev, host] of [
          ["uplink", [hostBits]],
          ["fw0", []],
        ] as const) {
          const found = leafRates(layer, dev);
          const floors = Array<number>(pods).fill(floorBits);
          const byRate = (a: number, b: number): number => b - a;
          expect(found.sort(byRate)).toEqual([inForceBits, ...host, ...floors].sort(byRate));
          const sum = found.reduce((total, bits) => total + bits, 0);
          expect(sum).toBeLessThanOrEqual(capacityBits);
        }
        const more = (): unknown => layer.add(node.pod("more"));
        if (isFull) expect(more).toThrow("and 0 is free");
        else more();
        expect(layer.on(() => repair(layer.ledger))).toEqual([]);
      },
      { ...base, overcommit },
    ),
  120_000,
);
