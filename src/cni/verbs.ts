/** From a request to the verb that answers it. */
import { gc, status } from "./node-verbs.ts";
import type { Outcome } from "./outcome.ts";
import { add, checkAttachment, del } from "./pod-verbs.ts";
import type { Request } from "./request.ts";
import { versionResult } from "./result.ts";

/** Throws FairwayError. */
export function runVerb(request: Request): Outcome {
  switch (request.verb) {
    case "ADD":
      return add(request);
    case "DEL":
      return del(request);
    case "CHECK":
      return checkAttachment(request);
    case "GC":
      return gc(request);
    case "STATUS":
      return status(request);
    case "VERSION":
      return { output: versionResult(request.cniVersion), log: null, facts: {} };
  }
}
