/** What packets pay: throughput, processor time and latency through the trees. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Direction, directions } from "../../../src/plan/node.ts";
import { environment } from "../../../src/prove/engine/environment.ts";
import { withGenerators } from "../../../src/prove/engine/generator.ts";
import { probe } from "../../../src/prove/engine/probe.ts";
import { processorTimes, shareBusy } from "../../../src/prove/engine/processors.ts";
import type { Count } from "../../../src/prove/engine/result.ts";
import { asFrames, rateBits } from "../../../src/prove/judge/statistics.ts";
import { useLossBasedTcp } from "../../../src/prove/lab/namespaces.ts";
import { addresses } from "../../../src/prove/lab/wire.ts";
import { latencyNote } from "../../../src/prove/report/words.ts";
import { nowMs } from "../../../src/prove/traffic/output.ts";
import { fillNode } from "../fill.ts";
import type { Part, PartContext } from "../part.ts";
import { inRounds } from "../rounds.ts";
import { type Side, type SideSpec, withSides } from "../side.ts";
import { bridgeSide, highLimit, ofBuilds, sideNames } from "../sides.ts";

export const classCounts = [10, 100, 500] as const;
export const flowCounts = [1, 8] as const;
export const classesName = (name: string, classes: number): string => `${name}, ${classes} classes`;
export const throughputOf = (flows: number): string =>
  `${flows} ${flows === 1 ? "flow" : "flows"}: throughput`;
export const cpuOf = (flows: number): string => `${flows} ${flows === 1 ? "flow" : "flows"}: CPU`;

interface Ends {
  side: Side;
  pod: { namespace: string; address: string };
  remote: { namespace: string; address: string };
}

/** A side with how many classes its tree is to have; null: it has no tree of ours. */
interface Wanted {
  spec: SideSpec;
  classes: number | null;
}

function packetSides({ builds }: PartContext, classes: readonly number[]): Wanted[] {
  const { reference } = builds;
  const plain = { name: sideNames.plain, masquerade: false, limit: null };
  const limited = { name: sideNames.bandwidth, masquerade: false, limit: highLimit };
  return [
    ...(reference === null
      ? []
      : [plain, limited].map((o) => ({ spec: bridgeSide(reference, o), classes: null }))),
    ...classes.flatMap((count) =>
      ofBuilds(builds, { limit: highLimit }).map((spec) => ({
        spec: { ...spec, name: classesName(spec.name, count) },
        classes: count,
      })),
    ),
  ];
}

function addressOf(result: Record<string, unknown>): string {
  const [ip] = (result.ips ?? []) as { address: string }[];
  if (ip === undefined) throw new Error("the ADD gave no address");
  return ip.address.split("/")[0] ?? "";
}

/** Nodes with one pod that is measured, and so many classes as are wanted. */
async function withEnds(
  context: PartContext,
  classes: readonly number[],
  use: (all: Ends[]) => Promise<void>,
): Promise<void> {
  const wanted = packetSides(context, classes);
  const specs = wanted.map(({ spec }) => spec);
  await withSides(specs, context.scratch, async (sides) => {
    const all: Ends[] = [];
    for (const [i, side] of sides.entries()) {
      context.progress(`wiring: ${side.name}`);
      const pod = side.pod("pod");
      side.run("ADD", pod);
      await fillNode(side, (wanted[i]?.classes ?? 1) - 1);
      const namespace = pod.netns.replace(/^.*\//, "");
      for (const each of [namespace, side.lab.remote]) useLossBasedTcp(each);
      all.push({
        side,
        pod: { namespace, address: addressOf(side.resultOf(pod)) },
        remote: { namespace: side.lab.remote, address: addresses.remote },
      });
    }
    await use(all);
  });
}

const PORT = 5001;
const SINK_EVERY_MS = 50;
const WARM_UP_MS = 400;
/** For the start of what comes later; all is stopped at the end. */
const SLACK_MS = 15_000;

interface Passed {
  bitsPerSecond: number;
  cpuSecondsPerGigabyte: number;
}

/** TCP from one end to the other; rates in Ethernet frames, as everywhere. */
function pass(
  { pod, remote }: Ends,
  direction: Direction,
  flows: number,
  windowMs: number,
  signal: AbortSignal,
): Promise<Passed> {
  const [from, to] = direction === "egress" ? [pod, remote] : [remote, pod];
  const forMs = windowMs + SLACK_MS;
  return withGenerators(async (start) => {
    const sink = await start(to.namespace, {
      role: "tcp-sink",
      port: PORT,
      forMs,
      everyMs: SINK_EVERY_MS,
    });
    const source = { role: "tcp-source", host: to.address, port: PORT, flows, forMs } as const;
    await start(from.namespace, source);
    await sleep(WARM_UP_MS, undefined, { signal });
    const before = processorTimes();
    const fromMs = nowMs();
    await sleep(windowMs, undefined, { signal });
    const toMs = nowMs();
    const busyShare = shareBusy(before, processorTimes());
    // The last count has to come in before anything is stopped.
    await sleep(2 * SINK_EVERY_MS, undefined, { signal });
    const counts = sink.reports.flatMap((line): Count[] => (line.type === "count" ? [line] : []));
    const bitsPerSecond = asFrames(rateBits(counts, { fromMs, toMs }));
    const gigabytesPerSecond = bitsPerSecond / 8e9;
    const busyProcessors = busyShare * environment("", "").cores;
    return { bitsPerSecond, cpuSecondsPerGigabyte: busyProcessors / gigabytesPerSecond };
  }, signal);
}

const WINDOW_MS = 1_000;
const QUICK_WINDOW_MS = 300;

function throughputPart(direction: Direction): Part {
  return {
    id: `d-${direction}`,
    title: `Throughput and processor time, ${direction}`,
    method: `TCP ${direction === "egress" ? "from a pod to the remote host" : "from the remote host to a pod"}, over a wire without a rate: the machine is the limit. Every pod is limited to 40 Gbit/s in both directions. Processor time is that of the whole machine, both ends of the traffic included, for a gigabyte of frames that arrived.`,
    rounds: 10,
    quickRounds: 1,
    run: (context) => {
      const { quick, rounds, recorder, signal } = context;
      return withEnds(context, quick ? [2] : classCounts, (all) =>
        inRounds(all, { rounds, warmUps: 0, signal }, async (ends) => {
          for (const flows of flowCounts) {
            const windowMs = quick ? QUICK_WINDOW_MS : WINDOW_MS;
            const passed = await pass(ends, direction, flows, windowMs, signal);
            const { name } = ends.side;
            recorder.add(throughputOf(flows), name, "Gbit/s", passed.bitsPerSecond / 1e9);
            recorder.add(cpuOf(flows), name, "CPU s/GB", passed.cpuSecondsPerGigabyte);
          }
        }),
      );
    },
  };
}

export const latencyPart: Part = {
  id: "e",
  title: "Latency of an idle node",
  method: `Requests of 64 bytes by UDP and their answers, 500 in a second, between a pod and the remote host; nothing else is sent. ${latencyNote}`,
  rounds: 10,
  quickRounds: 1,
  run: (context) => {
    const { quick, rounds, recorder, signal } = context;
    return withEnds(context, quick ? [2] : [10], (all) =>
      inRounds(all, { rounds, warmUps: 0, signal }, ({ side, pod, remote }) =>
        withGenerators(async (start) => {
          const { latency } = await probe({ from: pod, to: remote }, start, {
            port: PORT,
            measuredMs: quick ? QUICK_WINDOW_MS : 2 * WINDOW_MS,
            perSecond: 500,
          });
          recorder.add("round trip, p50", side.name, "us", latency.p50Us ?? Number.NaN);
          recorder.add("round trip, p99", side.name, "us", latency.p99Us ?? Number.NaN);
          recorder.add(
            "as the process sees it, p50",
            side.name,
            "us",
            latency.seenP50Us ?? Number.NaN,
          );
          recorder.add("requests without an answer", side.name, "count", latency.lost);
        }, signal),
      ),
    );
  },
};

export const throughputParts: Part[] = directions.map(throughputPart);
