/** From a request to the verb that answers it: each loads what it needs, and nothing of the others. */
import type { Outcome } from "./outcome.ts";
import type { Request } from "./request.ts";
import { versionResult } from "./result.ts";

/** What is to be run for it. Throws nothing; running it throws FairwayError. */
export async function verbOf(request: Request): Promise<() => Outcome> {
  switch (request.verb) {
    case "ADD": {
      const { add } = await import("./add.ts");
      return () => add(request);
    }
    case "DEL": {
      const { del } = await import("./del.ts");
      return () => del(request);
    }
    case "CHECK": {
      const { checkAttachment } = await import("./check.ts");
      return () => checkAttachment(request);
    }
    case "GC": {
      const { gc } = await import("./node-verbs.ts");
      return () => gc(request);
    }
    case "STATUS": {
      const { status } = await import("./node-verbs.ts");
      return () => status(request);
    }
    case "VERSION":
      return () => ({ output: versionResult(request.cniVersion), log: null, facts: {} });
  }
}
