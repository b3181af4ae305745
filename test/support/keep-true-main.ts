/**
 * The agent's second half alone, as a process of its own in a node's namespace: `keepTrue` with the options
 * that its argument holds as JSON. Each event is a line of JSON. SIGTERM ends it.
 */
import { type KeepTrueOptions, keepTrue } from "../../src/agent/keep-true.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<KeepTrueOptions, "tell" | "signal">;
const ending = new AbortController();
process.on("SIGTERM", () => ending.abort());
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ event: "begun" });
await keepTrue({ ...options, tell: say, signal: ending.signal });
say({ event: "ended" });
