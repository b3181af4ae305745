import { fillLedger, fillNode } from "../fill.ts";
import type { Part } from "../part.ts";
import { inRounds, settle } from "../rounds.ts";
import { type Side, withSides } from "../side.ts";
import { ofBuilds } from "../sides.ts";

const podCounts = [0, 100, 500] as const;
const leaseCounts = [0, 1_000, 60_000] as const;

export const podsName = (name: string, pods: number): string => `${name}, ${pods} pods there`;
export const leasesName = (name: string, leases: number): string =>
  `${name}, ${leases.toLocaleString("en-US")} leases there`;

interface Scale {
  id: string;
  title: string;
  method: string;
  counts: readonly number[];
  quickCounts: readonly number[];
  nameOf(name: string, count: number): string;
  fill(side: Side, count: number): void | Promise<void>;
}

function scalePart({ id, title, method, counts, quickCounts, nameOf, fill }: Scale): Part {
  return {
    id,
    title,
    method,
    rounds: 20,
    quickRounds: 2,
    run: ({ builds, scratch, rounds, quick, recorder, signal, progress }) => {
      const wanted = (quick ? quickCounts : counts).flatMap((count) =>
        ofBuilds(builds, {}).map((spec) => ({
          count,
          spec: { ...spec, name: nameOf(spec.name, count) },
        })),
      );
      const specs = wanted.map(({ spec }) => spec);
      return withSides(specs, scratch, async (sides) => {
        const prepared = sides.map((side) => ({ side, pod: side.pod("pod") }));
        for (const [i, { side }] of prepared.entries()) {
          progress(`filling: ${side.name}`);
          side.run("ADD", side.pod("first"));
          await fill(side, wanted[i]?.count ?? 0);
        }
        await inRounds(prepared, { rounds, warmUps: 2, signal }, ({ side, pod }, counted) => {
          for (const verb of ["ADD", "DEL"] as const) {
            const ms = side.run(verb, pod);
            if (counted) recorder.add(verb, side.name, "ms", ms);
            settle();
          }
        });
      });
    },
  };
}

export const scaleParts: Part[] = [
  scalePart({
    id: "c-pods",
    title: "With pods on the node already",
    method:
      "Three nodes with none, 100 and 500 pods (and one more), wired by Fairway itself, fifty interfaces to a namespace.",
    counts: podCounts,
    quickCounts: [0, 5],
    nameOf: podsName,
    fill: fillNode,
  }),
  scalePart({
    id: "c-leases",
    title: "With leases in the ledger already",
    method:
      "Three nodes with one pod and none, 1,000 and 60,000 attachments more in the ledger, ready, each with an address of a /16 and a class: rows only, nothing in the kernel.",
    counts: leaseCounts,
    quickCounts: [0, 100],
    nameOf: leasesName,
    fill: fillLedger,
  }),
];
