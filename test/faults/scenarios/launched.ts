/** Verbs through launcher and agent, where the agent's effects fail and the agent dies. */
import type { Scenario } from "../support/scenario.ts";
import { addScenarios } from "./add.ts";
import { chainedScenarios } from "./chained.ts";
import { verbScenarios } from "./verbs.ts";

/**
 * Addresses of another IPAM plugin are left to others before any effect. The other situations that are not
 * here differ in effects that those which are here have, too.
 */
const titles: Record<string, readonly string[]> = {
  ADD: [
    "the first pod, on a bare node",
    "another pod",
    "both families, with a log",
    "a pod that makes the others' guarantees shrink",
    "chained after a plugin with a bridge",
  ],
  DEL: [
    "beside another pod",
    "the others' guarantees grow back",
    "chained after a plugin with a bridge",
  ],
  CHECK: ["a pod as it has to be"],
  GC: ["one pod that the runtime does not list"],
  STATUS: ["a node with pods", "a node that has just booted"],
  "fairway-ipam ADD": ["an address for another plugin's pod"],
  "fairway-ipam DEL": ["an address for another plugin's pod"],
};

export const launchedScenarios: readonly Scenario[] = [
  ...addScenarios,
  ...verbScenarios,
  ...chainedScenarios,
]
  .filter(({ verb, title }) => titles[verb]?.includes(title))
  .map((scenario) => ({ ...scenario, isLaunched: true }));
