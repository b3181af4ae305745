import { FairwayError } from "../../errors.ts";
import type { Scenario } from "../engine/scenario.ts";
import { accuracies } from "./accuracy.ts";
import { chained } from "./chained.ts";
import { dualStack } from "./dual-stack.ts";
import { guarantees } from "./guarantees.ts";
import { latency } from "./latency.ts";
import { defaults, neighbour, parseWire } from "./neighbour.ts";
import { sharing } from "./sharing.ts";

export { chained };

/** All scenarios except those that need other plugins, in the order in which they are run and shown. */
export const catalogue: readonly Scenario[] = [
  neighbour(parseWire(defaults.wire), defaults.seconds),
  ...guarantees,
  ...dualStack,
  ...sharing,
  ...latency,
  ...accuracies,
];

/** @throws FairwayError badConfig, which names the scenarios that there are. */
export function scenarioNamed(name: string): Scenario {
  const all = [...catalogue, ...chained];
  const found = all.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const known = all.map((scenario) => scenario.name).join(", ");
  throw new FairwayError("badConfig", `--scenario: there is no "${name}"`, `known: ${known}`);
}
