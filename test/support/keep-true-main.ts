/**
 * The agent's second half alone, as a process of its own in a node's namespace: `keepTrue` with the options
 * that its argument holds as JSON. Each event is a line of JSON. SIGTERM ends it.
 */
import { type KeepTrueOptions, keepTrue } from "../../src/agent/keep-true.ts";
import { KeptLedgers } from "../../src/agent/kept-ledgers.ts";
import { keepLedgers } from "../../src/node/facts/open.ts";
import { waitForNobody } from "../../src/patience.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<KeepTrueOptions, "tell" | "signal">;
const ending = new AbortController();
process.on("SIGTERM", () => ending.abort());
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ event: "begun" });
using ledgers = new KeptLedgers((file) => {
  throw new Error(`${file} was cut`);
});
keepLedgers(ledgers.give);
waitForNobody();
await keepTrue({ ...options, tell: say, signal: ending.signal });
say({ event: "ended" });
