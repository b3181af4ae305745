/** `fairway-prove` measures the plugin that lies beside it, and is no part of what is installed on nodes. */
import { proveMain } from "../src/prove/program.ts";

process.exitCode = await proveMain(process.argv.slice(2));
