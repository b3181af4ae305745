import { type Direction, directions } from "../plan/node.ts";
import { environment } from "./environment.ts";
import { judge, machineLimits, verdictOf } from "./judge.ts";
import { makeProveNode, type ProveNode } from "./node.ts";
import { idleLatency, loadedLatency, type Phases, phaseSeconds, throughput } from "./phases.ts";
import type { Progress } from "./progress.ts";
import type { DirectionResult, Mode, ModeResult, ProveResult, ProveSettings } from "./result.ts";

export interface ProveRun {
  settings: ProveSettings;
  fairwayVersion: string;
  progress: Progress;
  /** Ends the run early; everything is cleaned up before the promise rejects with its reason. */
  signal: AbortSignal;
}

const SETUP_SECONDS = 2;

export function totalSeconds({ seconds }: ProveSettings): number {
  const mode =
    phaseSeconds("idle", seconds) +
    directions.length * (phaseSeconds("loaded", seconds) + phaseSeconds("throughput", seconds));
  return SETUP_SECONDS + 2 * mode;
}

const modeTitles: Record<Mode, string> = { fairway: "with Fairway", noQos: "without QoS" };

/** Makes the node and its pods, measures with Fairway and then without QoS, removes everything, judges. */
export async function prove(run: ProveRun): Promise<ProveResult> {
  const { settings, progress, signal } = run;
  const startedAt = new Date();
  progress.step("making the node, the wire and two pods", SETUP_SECONDS);
  const node = makeProveNode(settings);
  process.once("exit", node.remove);
  try {
    signal.throwIfAborted();
    const phases = { node, settings, signal };
    const fairway = await measure("fairway", phases, progress);
    node.removeQos();
    const noQos = await measure("noQos", phases, progress);
    return resultOf(run, node, startedAt, { noQos, fairway });
  } finally {
    process.removeListener("exit", node.remove);
    progress.end();
    node.remove();
  }
}

async function measure(mode: Mode, phases: Phases, progress: Progress): Promise<ModeResult> {
  const { seconds } = phases.settings;
  const step = (what: string, kind: Parameters<typeof phaseSeconds>[0]): void =>
    progress.step(`${modeTitles[mode]}: ${what}`, phaseSeconds(kind, seconds));
  step("latency, idle", "idle");
  const idle = await idleLatency(phases);
  const direction = async (name: Direction): Promise<DirectionResult> => {
    step(`${name}, latency beside the noisy pod`, "loaded");
    const loaded = await loadedLatency(phases, name);
    step(`${name}, throughput of both pods`, "throughput");
    return { loaded, throughput: await throughput(phases, name) };
  };
  return { idle, egress: await direction("egress"), ingress: await direction("ingress") };
}

function resultOf(
  { settings, fairwayVersion }: ProveRun,
  node: ProveNode,
  startedAt: Date,
  modes: Record<Mode, ModeResult>,
): ProveResult {
  const judgements = judge({ settings, modes });
  const limits = machineLimits({ settings, modes });
  return {
    version: 1,
    startedAt: startedAt.toISOString(),
    tookSeconds: Math.round((Date.now() - startedAt.getTime()) / 100) / 10,
    settings,
    environment: environment(fairwayVersion, node.congestionControl),
    modes,
    judgements,
    limits,
    verdict: verdictOf(judgements, limits),
  };
}
