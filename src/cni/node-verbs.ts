/** The verbs about a whole network. */
import { parseCleanupConfig, parseNetworkConfig } from "../config/parse.ts";
import type { CniVersion } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { collect, type Valid } from "../node/collect.ts";
import { withLedger } from "../node/open.ts";
import { requireStatus } from "../node/readiness.ts";
import { attachmentName } from "../plan/node.ts";
import { type Outcome, requireVersion } from "./outcome.ts";
import type { NodeRequest, RawConfig } from "./request.ts";

/** The first version that has GC and STATUS. */
const withGc: readonly CniVersion[] = ["1.1.0"];

/** CRI-O sends null for the empty list; a runtime that sends no list must not lose every pod. */
function validAttachments(raw: RawConfig): Valid[] {
  const key = "cni.dev/valid-attachments";
  const list = raw[key];
  if (list === null) return [];
  if (!Array.isArray(list))
    throw new FairwayError(
      "badConfig",
      list === undefined ? `${key} is missing` : `${key} is not a list`,
      "GC removes all that is not in the list, so without one it removes nothing",
    );
  return list.map((entry: unknown, index): Valid => {
    const { containerID, ifname } = Object(entry) as { containerID?: unknown; ifname?: unknown };
    if (typeof containerID === "string" && typeof ifname === "string")
      return { containerId: containerID, ifname };
    throw new FairwayError(
      "badConfig",
      `${key}[${index}] is not {"containerID": ..., "ifname": ...}`,
      "nothing was removed",
    );
  });
}

export function gc({ config: raw }: NodeRequest): Outcome {
  const config = parseCleanupConfig(raw);
  requireVersion("GC", config.cniVersion, withGc);
  const valid = validAttachments(raw);
  const removed = withLedger(config.dataDir, (ledger) => collect(ledger, config.name, valid));
  return { output: null, log: config.log, facts: { removed: removed.map(attachmentName) } };
}

export function status({ config: raw }: NodeRequest): Outcome {
  const config = parseNetworkConfig(raw);
  requireVersion("STATUS", config.cniVersion, withGc);
  requireStatus(config);
  return { output: null, log: config.log, facts: {} };
}
