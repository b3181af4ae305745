/** Why a verb is left to a process of its own, as far as its request tells. Pure. */

import { delegateIn } from "../config/delegate.ts";
import type { JsonObject } from "../config/section.ts";
import type { VerbCall } from "./verb-call.ts";

/** `config` is null where stdin holds none. null means that nothing of the request is in the way. */
export function declinedFor({ env }: VerbCall, config: JsonObject | null): string | null {
  const special = Object.keys(env).find((name) => name.startsWith("FAIRWAY_"));
  if (special !== undefined)
    return `${special} is set, which is for a process that runs this verb only`;
  const delegate = config === null ? null : delegateIn(config);
  return delegate === null
    ? null
    : `the IPAM plugin ${JSON.stringify(delegate)} gives the addresses, and it may take its time`;
}
