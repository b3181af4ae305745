/** All rows of the table of faults, in its order. */
import type { Scenario } from "../support/scenario.ts";
import { addScenarios } from "./add.ts";
import { chainedScenarios } from "./chained.ts";
import { commandScenarios } from "./commands.ts";
import { verbScenarios } from "./verbs.ts";

export const scenarios: readonly Scenario[] = [
  ...addScenarios,
  ...verbScenarios,
  ...chainedScenarios,
  ...commandScenarios,
];

export const nameOf = ({ verb, title }: Pick<Scenario, "verb" | "title">): string =>
  `${verb}: ${title}`;
