import { FairwayError } from "../../errors.ts";
import type { Scenario } from "../matrix/scenario.ts";
import { accuracies } from "./accuracy.ts";
import { chained } from "./chained.ts";
import { dualStack } from "./dual-stack.ts";
import { guarantees } from "./guarantees.ts";
import { latency } from "./latency.ts";
import { sharing } from "./sharing.ts";

export { chained };

/** The whole matrix, but for what needs other plugins, in the order that it is run and shown in. */
export const catalogue: readonly Scenario[] = [
  ...guarantees,
  ...dualStack,
  ...sharing,
  ...latency,
  ...accuracies,
];

/** @throws FairwayError badConfig, with the names that there are. */
export function scenarioNamed(name: string): Scenario {
  const all = [...catalogue, ...chained];
  const found = all.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const known = all.map((scenario) => scenario.name).join(", ");
  throw new FairwayError("badConfig", `--scenario: there is no "${name}"`, `known: ${known}`);
}
