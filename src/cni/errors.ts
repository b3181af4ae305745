/** What a verb prints when it fails (CNI SPEC 1.1.0, "Error"). Pure. */
import { FairwayError, messageOf } from "../errors.ts";
import type { Json } from "./result.ts";

/** What libcni's skel gives to an error without a code of its own. */
const internalCode = 999;

/** `cniVersion` is the configuration's, as far as it could be read. No stack: the runtime shows this in the pod's events. */
export function errorResult(cniVersion: string, error: unknown): Json {
  const known = error instanceof FairwayError;
  const details = known ? error.details : undefined;
  return {
    cniVersion,
    code: known ? error.code : internalCode,
    msg: unswallowed(messageOf(error) || "the plugin failed without a word of why"),
    ...(details !== undefined && { details: unswallowed(details) }),
  };
}

/**
 * go-cni takes any error of a DEL that contains "not found" for success and forgets the pod, so a
 * tool's or the kernel's wording must not carry those words through.
 */
function unswallowed(text: string): string {
  return text.replaceAll("not found", "not-found");
}
