/**
 * Puts the reference `bandwidth` plugin over pods that are there already, to compare with. It caps and
 * promises nothing, so what comes closest to a guarantee under it is a partition of the capacity.
 */
import { readFileSync } from "node:fs";
import { parseRateBits } from "../../config/quantities.ts";
import { FairwayError } from "../../errors.ts";
import { type Direction, directions } from "../../plan/node.ts";
import type { Lab } from "../lab/lab.ts";
import { mustInNamespace, namespacePath } from "../lab/namespaces.ts";
import { run } from "../lab/run.ts";
import { callAdd, IFNAME, type Pod } from "./pods.ts";
import type { ScenarioPod } from "./scenario.ts";

/** Bits per second for each pod, by direction. */
export type Caps = Record<Direction, Map<string, number>>;

/**
 * Each pod is capped at its limit, else at its guarantee. Those that have neither share what is left in equal
 * parts.
 */
export function capsOf(pods: readonly ScenarioPod[], capacityBits: number): Caps {
  const capsIn = (direction: Direction): Map<string, number> => {
    const caps = new Map<string, number>();
    for (const { name, asks } of pods) {
      const text = asks[`${direction}-limit`] ?? asks[`${direction}-guarantee`];
      if (text !== undefined) caps.set(name, parseRateBits(text, name));
    }
    const rest = pods.filter(({ name }) => !caps.has(name));
    const taken = [...caps.values()].reduce((sum, bits) => sum + bits, 0);
    // Where the limits together exceed the capacity, no part is left for the others: they are not capped.
    const part = Math.floor((capacityBits - taken) / rest.length);
    if (part > 0) for (const { name } of rest) caps.set(name, part);
    return caps;
  };
  return { egress: capsIn("egress"), ingress: capsIn("ingress") };
}

const BURST_SECONDS = 0.005;
/** This is two of the largest units: the plugin's TBF would cut up what is larger than its burst. */
const LEAST_BURST_BITS = 2 * 65_536 * 8;

const burstBits = (bits: number): number =>
  Math.max(LEAST_BURST_BITS, Math.floor(bits * BURST_SECONDS));

/** @throws FairwayError unavailable with what the plugin said. */
export function capPods(lab: Lab, pods: readonly Pod[], caps: Caps, plugin: string): void {
  for (const pod of pods) {
    const config: Record<string, unknown> = {
      cniVersion: "1.0.0",
      name: "fairway-prove",
      type: "bandwidth",
      prevResult: {
        cniVersion: "1.0.0",
        interfaces: [
          { name: hostInterface(lab, pod) },
          { name: IFNAME, sandbox: namespacePath(pod.namespace) },
        ],
      },
    };
    for (const direction of directions) {
      const bits = caps[direction].get(pod.name);
      if (bits === undefined) continue;
      config[`${direction}Rate`] = bits;
      config[`${direction}Burst`] = burstBits(bits);
    }
    const { code, stdout, stderr } = callAdd(lab, [plugin], pod, config, { CNI_PATH: "/" });
    if (code !== 0)
      throw new FairwayError(
        "unavailable",
        `ADD of ${plugin} for ${pod.name} failed: ${stdout.trim()}`,
        stderr.trim() || undefined,
      );
  }
}

interface Link {
  ifindex: number;
  ifname: string;
  link_index?: number;
}

/** The node's end of the pod's pair. */
function hostInterface(lab: Lab, { name, namespace }: Pod): string {
  const links = (namespace: string, more: string[]): Link[] =>
    JSON.parse(mustInNamespace(namespace, ["ip", "-json", "link", "show", ...more])) as Link[];
  const [inner] = links(namespace, ["dev", IFNAME]);
  const found = links(lab.node, []).find(({ ifindex }) => ifindex === inner?.link_index);
  if (found === undefined) throw new FairwayError("io", `the ${name} pod has no end on the node`);
  return found.ifname;
}

/** Returns what the plugin says of itself, or what Go wrote into it when it was built, or its file's name. */
export function bandwidthVersion(plugin: string): string {
  const { stderr } = run([plugin], { env: { CNI_COMMAND: "" } });
  const said = /plugin (?:version )?v?(\d\S*)/.exec(stderr)?.[1];
  // A plugin that was built from the module proxy was told no version; Go's build information has the
  // module's.
  const built = (): string | undefined =>
    /github\.com\/containernetworking\/plugins\tv(\d[\w.+-]*)/.exec(
      readFileSync(plugin, "latin1"),
    )?.[1];
  return said ?? built() ?? plugin.replace(/^.*\//, "");
}
