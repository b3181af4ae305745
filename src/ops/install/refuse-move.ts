/** Refuses to move something: its former place would stay as it is, and nobody would clean it up. */
import { FairwayError } from "../../errors.ts";

/** Throws badConfig. */
export function refuseMove(what: string, before: string, now: string): void {
  if (before === now) return;
  throw new FairwayError(
    "badConfig",
    `Fairway is installed with ${what} ${before} on this node, and ${now} is asked for`,
    `run \`fairway uninstall\` first, or leave ${what} as it is`,
  );
}
