/** Runs on a node of a cluster: `hold-ledger-main.ts FILE` has the ledger's lock until its standard input ends. */
import { Database } from "bun:sqlite";

const [file = ""] = process.argv.slice(2);
using ledger = new Database(file, { readwrite: true, create: false });
ledger.run("PRAGMA busy_timeout = 10000");
ledger.run("BEGIN IMMEDIATE");
process.stdout.write("held\n");
await Bun.stdin.text();
