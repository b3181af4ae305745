/**
 * Plays scenarios in this process, one after the other: main.ts RESULT_FILE NAME...
 * Several such processes may run beside each other.
 */
import { writeFileSync } from "node:fs";
import { allScenarios, nameOf } from "./scenarios/index.ts";
import { type Played, play } from "./support/play.ts";

const [, , file = "/dev/stdout", ...names] = process.argv;
const only = process.env.ONLY === undefined ? undefined : process.env.ONLY.split(",");
const results: Played[] = [];
for (const scenario of allScenarios) {
  if (names.length > 0 && !names.some((name) => nameOf(scenario).startsWith(name))) continue;
  const played = await play(scenario, {
    progress: (text) => console.error(text),
    ...(only && { only: ({ at }, fault) => only.includes(String(at)) || only.includes(fault) }),
  });
  results.push(played);
  console.error(
    `${nameOf(scenario)}: ${played.tries.length} tries, ${played.failures.length} failures, ${played.seconds.toFixed(1)} s`,
  );
}
writeFileSync(file, JSON.stringify(results, null, 2));
