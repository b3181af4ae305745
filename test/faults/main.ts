/**
 * Plays scenarios in this process, one after the other: main.ts RESULT_FILE [--short|--spare-long] NAME...
 * Several such processes may run beside each other.
 */
import { writeFileSync } from "node:fs";
import type { Fault } from "../../src/faults.ts";
import { allScenarios, nameOf } from "./scenarios/index.ts";
import { type Played, play } from "./support/play.ts";
import { isKill } from "./support/points.ts";

const [, , file = "/dev/stdout", ...rest] = process.argv;
const names = rest.filter((name) => !name.startsWith("--"));
const isShort = rest.includes("--short");
const isLongSpared = rest.includes("--spare-long");
const only = process.env.ONLY === undefined ? undefined : process.env.ONLY.split(",");

/** The base has so many points that its deaths are spared as well. */
const sparedFrom = 150;

/** A scenario with so many points takes most of a minute or longer. */
const longFrom = 70;

/** Every death, and every fifth of the other points. */
const isInShort = (at: number, fault: Fault, points: number): boolean =>
  at % 5 === 0 || (isKill(fault) && points < sparedFrom);
const results: Played[] = [];
for (const scenario of allScenarios) {
  if (names.length > 0 && !names.some((name) => nameOf(scenario).startsWith(name))) continue;
  const played = await play(scenario, {
    progress: (text) => console.error(text),
    ...(only && { only: ({ at }, fault) => only.includes(String(at)) || only.includes(fault) }),
    ...(isShort && { only: ({ at }, fault, points) => isInShort(at, fault, points) }),
    ...(isLongSpared && { only: ({ at }, _, points) => points < longFrom || at % 5 === 0 }),
  });
  results.push(played);
  console.error(
    `${nameOf(scenario)}: ${played.tries.length} tries, ${played.failures.length} failures, ${played.seconds.toFixed(1)} s`,
  );
}
writeFileSync(file, JSON.stringify(results, null, 2));
