/**
 * Removes what clusters have left whose processes are dead. With `--alone` it fails where one is up: so a second
 * run of scripts/test-cluster refuses before it builds anything.
 */
import { refusalOf, sweep } from "./leftovers.ts";

const [other] = sweep();
if (other !== undefined && process.argv.includes("--alone")) {
  console.error(refusalOf(other));
  process.exitCode = 1;
}
