/** Runs the verbs that are about a whole network. */
import { parseCleanupConfig } from "../config/cleanup.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { callDelegate, type Delegate, delOfGone } from "../node/addresses/delegate.ts";
import { releaseAllBut } from "../node/addresses/reserve.ts";
import { inLedger } from "../node/facts/open.ts";
import { collect, type Valid } from "../node/verbs/collect.ts";
import { requireStatus } from "../node/verbs/readiness.ts";
import { type AttachmentKey, attachmentName } from "../plan/node.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";
import { delegateOf } from "./delegate-of.ts";
import { isContainerId, isIfname } from "./environment.ts";
import { type Outcome, requireVersion, withGc } from "./outcome.ts";
import type { NodeRequest, RawConfig, Request } from "./request.ts";
import { versionResult } from "./result.ts";

const maxShown = 200;

/** CRI-O sends null for the empty list. A runtime that sends no list must not lose every pod. */
export function validAttachments(raw: RawConfig): Valid[] {
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
    if (isContainerId(containerID) && isIfname(ifname)) return { containerId: containerID, ifname };
    // What names no attachment may stand for one that is alive.
    throw new FairwayError(
      "badConfig",
      `${key}[${index}] names no attachment: ${JSON.stringify(entry).slice(0, maxShown)}`,
      'nothing was removed; each entry is {"containerID": ..., "ifname": ...}, as they were given to ADD',
    );
  });
}

/**
 * The delegate's addresses of what was removed are given back one by one, since not every IPAM plugin has a
 * GC. Then its own GC sees to what only it knows of. A call that fails does not keep the others from being
 * made.
 */
function gcDelegate(delegate: Delegate, removed: readonly AttachmentKey[]): void {
  const failures = [...removed.map(delOfGone), { verb: "GC" } as const].flatMap((call) => {
    try {
      callDelegate(delegate, call);
      return [];
    } catch (error) {
      return [error];
    }
  });
  const [first, ...more] = failures;
  if (first === undefined) return;
  if (more.length === 0) throw first;
  throw new FairwayError(
    "delegateFailed",
    `the IPAM plugin ${delegate.plugin} failed ${failures.length} times: ${failures.map(messageOf).join("; ")}`,
    "the next GC tries again",
  );
}

function gc(request: NodeRequest): Outcome {
  const config = parseCleanupConfig(request.config);
  requireVersion("GC", config.cniVersion, withGc);
  const valid = validAttachments(request.config);
  const delegate = delegateOf(request, config.delegate);
  const removed = inLedger(config.dataDir, (ledger) => {
    const gone = collect(ledger, config.name, valid);
    if (delegate === null) releaseAllBut(ledger, config.name, valid);
    return gone;
  });
  if (delegate !== null) gcDelegate(delegate, removed);
  return { output: null, log: config.log, facts: { removed: removed.map(attachmentName) } };
}

function status(request: NodeRequest): Outcome {
  const config = parseNetworkConfig(request.config);
  requireVersion("STATUS", config.cniVersion, withGc);
  requireStatus(config);
  const delegate = delegateOf(request, config.ipam.delegate);
  if (delegate !== null) callDelegate(delegate, { verb: "STATUS" });
  return { output: null, log: config.log, facts: {} };
}

/** Runs the verbs that are about no pod. Throws FairwayError. */
export function runNodeVerb(request: Request): Outcome {
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
