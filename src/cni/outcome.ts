import type { CniVersion, LogConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import type { Json } from "./result.ts";

/** What a verb came to: what it prints (null means nothing), and what its log line tells. */
export interface Outcome {
  output: Json | null;
  log: LogConfig | null;
  facts: Record<string, unknown>;
}

/** Throws incompatibleVersion for a verb that the configuration's version does not have. */
export function requireVersion(
  verb: string,
  cniVersion: CniVersion,
  known: readonly CniVersion[],
): void {
  if (known.includes(cniVersion)) return;
  throw new FairwayError(
    "incompatibleVersion",
    `config version ${cniVersion} does not allow ${verb}`,
    `${verb} needs one of ${known.join(", ")}`,
  );
}

/** CHECK is in these versions (since SPEC 0.4.0). */
export const withCheck: readonly CniVersion[] = ["0.4.0", "1.0.0", "1.1.0"];

/** GC and STATUS are in these versions. */
export const withGc: readonly CniVersion[] = ["1.1.0"];
