/** Runs the suite once: one line of JSON a row, as it ends. With arguments: only rows whose id begins with one of them. */
import { rows } from "./rows/index.ts";
import { runRows } from "./suite.ts";

const wanted = process.argv.slice(2);
const some = rows.filter(({ id }) => wanted.length === 0 || wanted.some((w) => id.startsWith(w)));
await runRows(some, (outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`));
