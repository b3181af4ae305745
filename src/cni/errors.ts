/** Makes what a verb prints when it fails (CNI SPEC 1.1.0, "Error"). Pure. */
import { FairwayError, messageOf } from "../errors.ts";
import type { Json } from "./result.ts";

/** libcni's skel gives this code to an error that has none of its own. */
const internalCode = 999;

/**
 * `cniVersion` is the configuration's, as far as it could be read. `message` takes the place of the error's
 * own. There is no stack: the runtime shows this in the pod's events.
 */
export function errorResult(
  cniVersion: string,
  error: unknown,
  message: string = messageOf(error),
): Json {
  const known = error instanceof FairwayError;
  const details = known ? error.details : undefined;
  return {
    cniVersion,
    code: known ? error.code : internalCode,
    msg: bounded(unswallowed(message || "the plugin failed without a word of why"), maxMsgLength),
    ...(details !== undefined && { details: bounded(unswallowed(details), maxDetailsLength) }),
  };
}

/** An event's note may have 1024 characters (kubernetes pkg/apis/core/validation/events.go). */
export const maxMsgLength = 1000;
export const maxDetailsLength = 2000;
/**
 * The share of the beginning in what is left of a text that is too long. What was asked stands at its
 * beginning, and what is wrong with it often at its end.
 */
const headShare = 0.75;

/**
 * Returns `text`; its middle is left out where it has more than `maxLength` characters (UTF-16 units, which
 * are no fewer).
 */
export function bounded(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const gap = ` ... (${text.length} characters in all) ... `;
  const room = maxLength - gap.length;
  const head = Math.floor(room * headShare);
  // A pair of units that is cut in two is no character.
  return `${text.slice(0, head)}${gap}${text.slice(text.length - (room - head))}`.toWellFormed();
}

/**
 * go-cni takes any error of a DEL that contains "not found" for success and forgets the pod, so a
 * tool's or the kernel's wording must not carry those words through.
 */
function unswallowed(text: string): string {
  return text.replaceAll("not found", "not-found");
}
