/**
 * One side of a comparison: a node of its own and the plugins that wire its pods, called in the order of
 * a conflist, each with the result of the one before. Fairway is a chain of one.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Lab, makeLab } from "../../src/prove/lab/lab.ts";
import { ipBatch, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { addresses, devices } from "../../src/prove/lab/wire.ts";
import {
  type BenchPod,
  type Ended,
  type Execution,
  execute,
  executeBeside,
  type Json,
  type Place,
  type Verb,
} from "./plugin.ts";

export interface ChainPlugin {
  file: string;
  /** Its part of the conflist. */
  config: Json;
}

export interface SideSpec {
  name: string;
  /** Where the plugin keeps what it records is below the folder that is handed over. */
  plugins(folder: string): ChainPlugin[];
  /** Where they look for an IPAM plugin. */
  pluginFolder: string;
  /** What they run of it. */
  otherFiles?: string[];
  /** Places what they need, and starts the agent that runs beside them, if there is one. */
  begin?(node: string, folder: string): SideAgent | null;
}

/** An agent of a side. */
export interface SideAgent {
  readonly pid: number;
  /** Where it is asked. */
  readonly socket: string;
  /** What it has written of itself so far. */
  log(): string;
  kill(): void;
}

export interface Side {
  name: string;
  lab: Lab;
  /** All executables that a verb runs. */
  files: readonly string[];
  /** What its plugins record is in here. */
  folder: string;
  /** null means that no agent belongs to it. */
  agent: SideAgent | null;
  /** A pod in a namespace of its own, not yet wired. */
  pod(name: string): BenchPod;
  /** Milliseconds of all plugins together. Throws what a plugin said. */
  run(verb: Verb, pod: BenchPod, how?: typeof execute): number;
  /** The same beside others, this process's own work for them included. `over`: over each plugin's configuration. */
  runBeside(verb: Verb, pod: BenchPod, over?: Json): Promise<number>;
  /** What the last ADD of a pod printed. */
  resultOf(pod: BenchPod): Json;
  remove(): void;
}

/** Room for thousands of pods, on every side. */
export const podSubnet = "198.19.0.0/16";

type Steps = Generator<Execution, void, Ended>;

/** One name for all: plugins keep their records by it. */
export const networkName = "bench";

function makeSide(
  { name, plugins, pluginFolder, otherFiles = [], begin }: SideSpec,
  scratch: string,
): Side {
  const lab = makeLab({ prefix: "fwb" });
  // The lab's remote host knows the way to a smaller subnet of pods than the bench's.
  ipBatch(lab.remote, [
    `route replace ${podSubnet} via ${addresses.nodeUplink} dev ${devices.remote}`,
  ]);
  const folder = join(scratch, lab.node);
  mkdirSync(folder, { recursive: true });
  const chain = plugins(folder);
  const agent = begin?.(lab.node, folder) ?? null;
  const place: Place = { node: lab.node, pluginFolder };
  const results = new Map<string, Json>();
  const keyOf = ({ containerId, ifname }: BenchPod): string => `${containerId}/${ifname}`;
  const configOf = ({ config }: ChainPlugin, prevResult: Json | undefined, over: Json): Json => ({
    cniVersion: "1.0.0",
    name: networkName,
    ...config,
    ...over,
    ...(prevResult === undefined ? {} : { prevResult }),
  });

  function* addSteps(pod: BenchPod, over: Json): Steps {
    let result: Json | undefined;
    for (const plugin of chain) {
      const config = configOf(plugin, result, over);
      const { stdout } = yield { file: plugin.file, verb: "ADD", pod, config };
      result = JSON.parse(stdout) as Json;
    }
    if (result !== undefined) results.set(keyOf(pod), result);
  }

  function* laterSteps(verb: "CHECK" | "DEL", pod: BenchPod, over: Json): Steps {
    const result = results.get(keyOf(pod));
    for (const plugin of verb === "DEL" ? chain.toReversed() : chain)
      yield { file: plugin.file, verb, pod, config: configOf(plugin, result, over) };
  }

  const steps = (verb: Verb, pod: BenchPod, over: Json = {}): Steps =>
    verb === "ADD" ? addSteps(pod, over) : laterSteps(verb, pod, over);

  return {
    name,
    lab,
    folder,
    agent,
    files: [...chain.map(({ file }) => file), ...otherFiles.map((f) => join(pluginFolder, f))],
    pod: (podName) => ({
      containerId: podName,
      netns: namespacePath(lab.addPod(podName)),
      ifname: "eth0",
    }),
    run(verb, pod, how = execute) {
      const all = steps(verb, pod);
      let ms = 0;
      for (let step = all.next(); !step.done; ) {
        const ended = how(step.value, place);
        ms += ended.ms;
        step = all.next(ended);
      }
      return ms;
    },
    async runBeside(verb, pod, over) {
      const fromMs = performance.now();
      const all = steps(verb, pod, over);
      for (let step = all.next(); !step.done; )
        step = all.next(await executeBeside(step.value, place));
      return performance.now() - fromMs;
    },
    resultOf: (pod) => results.get(keyOf(pod)) ?? {},
    remove: () => {
      agent?.kill();
      lab.remove();
    },
  };
}

/** Makes sides, hands them over, and removes them whatever happens. */
export async function withSides<T>(
  specs: readonly SideSpec[],
  scratch: string,
  use: (sides: Side[]) => T | Promise<T>,
): Promise<T> {
  const sides: Side[] = [];
  const remove = (): void => {
    for (const side of sides) side.remove();
  };
  // The last resort for a process.exit() in the middle: `finally` does not run then.
  process.once("exit", remove);
  try {
    for (const spec of specs) sides.push(makeSide(spec, scratch));
    return await use(sides);
  } finally {
    process.removeListener("exit", remove);
    remove();
  }
}
