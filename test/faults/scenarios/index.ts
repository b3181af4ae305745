/** All rows of the table of faults, in its order. */
import type { Scenario } from "../support/scenario.ts";
import { addScenarios } from "./add.ts";
import { commandScenarios } from "./commands.ts";
import { verbScenarios } from "./verbs.ts";

export const scenarios: readonly Scenario[] = [
  ...addScenarios,
  ...verbScenarios,
  ...commandScenarios,
];

export const nameOf = ({ verb, title }: Scenario): string => `${verb}: ${title}`;
