import type { PolicyRules } from "../../src/config/types.ts";
import { FairwayError } from "../../src/errors.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { rulesOf } from "../../src/promise/policy.ts";

/** The FairwayError that `act` throws. */
export function errorOf(act: () => unknown): FairwayError {
  try {
    act();
  } catch (error) {
    if (error instanceof FairwayError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

type JsonObject = Record<string, unknown>;

/** A configuration as libcni composes it, the least that is valid, with these keys over it. */
export function configWith(keys: JsonObject = {}): JsonObject {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    type: "fairway",
    ipam: { subnet: "10.244.1.0/24" },
    ...keys,
  };
}

/** The default rules of a policy that says this. */
export function rulesWith(keys: JsonObject): PolicyRules {
  const { policy } = parseNetworkConfig(configWith({ policy: { default: keys } }));
  if (policy === null) throw new Error("there is no policy");
  return rulesOf(policy, null);
}
