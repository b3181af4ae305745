/** Runs the verbs that are about no pod. What is no verb comes here, too, and the answer says so. */
import { cniMain } from "../main.ts";
import { gc, status } from "../node-verbs.ts";
import type { Outcome } from "../outcome.ts";
import type { Request } from "../request.ts";
import { versionResult } from "../result.ts";

/** Throws FairwayError. */
function run(request: Request): Outcome {
  switch (request.verb) {
    case "GC":
      return gc(request);
    case "STATUS":
      return status(request);
    case "VERSION":
      return { output: versionResult(request.cniVersion), log: null, facts: {} };
    default:
      throw new RangeError(`${request.verb} has an entry of its own`);
  }
}

export const main = () => cniMain(run);
