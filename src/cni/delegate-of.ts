import type { Delegate } from "../node/addresses/delegate.ts";
import type { NodeRequest, PodRequest } from "./request.ts";

/** Says whom to call for addresses; null means that they are ours. */
export function delegateOf(
  { path, stdin }: PodRequest | NodeRequest,
  plugin: string | null,
): Delegate | null {
  return plugin === null ? null : { plugin, path, stdin };
}
