/**
 * Runs the suite once: one line of JSON a row, as it ends. WAY is one of ways.ts; with more arguments: only rows
 * whose id begins with one of them.
 */
import { rows } from "./rows/index.ts";
import { type Outcome, runRows } from "./suite.ts";
import { runThroughAgent } from "./through-agent.ts";
import { ways } from "./ways.ts";

const [, , given, ...wanted] = process.argv;
const way = ways.find((known) => known === given);
if (way === undefined) throw new Error(`${given} is none of ${ways.join(", ")}`);
const some = rows.filter(({ id }) => wanted.length === 0 || wanted.some((w) => id.startsWith(w)));
const tell = (outcome: Outcome): void => void process.stdout.write(`${JSON.stringify(outcome)}\n`);
await (way === "agent"
  ? runThroughAgent(some, tell)
  : runRows(some, { way, manner: "usual" }, tell));
