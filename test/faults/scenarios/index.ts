/** All rows of the table of faults, in its order. */
import type { Scenario } from "../support/scenario.ts";
import { addScenarios } from "./add.ts";
import { chainedScenarios } from "./chained.ts";
import { commandScenarios } from "./commands.ts";
import { launchedScenarios } from "./launched.ts";
import { verbScenarios } from "./verbs.ts";

export const scenarios: readonly Scenario[] = [
  ...addScenarios,
  ...verbScenarios,
  ...chainedScenarios,
  ...commandScenarios,
];

/** Those, and the rows of the table of the agent's. */
export const allScenarios: readonly Scenario[] = [...scenarios, ...launchedScenarios];

export { launchedScenarios };

export const nameOf = ({
  verb,
  title,
  isLaunched = false,
}: Pick<Scenario, "verb" | "title" | "isLaunched">): string =>
  `${isLaunched ? "agent: " : ""}${verb}: ${title}`;
