/** CHECK tells whether the attachment is as it was promised, and whether the runtime knows the same of it. */

import { FairwayError } from "../errors.ts";
import { callDelegate } from "../node/addresses/delegate.ts";
import { requireNetns } from "../node/facts/netns-asked.ts";
import { inLedger } from "../node/facts/open.ts";
import { check } from "../node/verbs/check.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";
import { span } from "../trace.ts";
import { delegateOf } from "./delegate-of.ts";
import { type Outcome, requireVersion, withCheck } from "./outcome.ts";
import { readPrevResult } from "./prev-result.ts";
import type { PodRequest } from "./request.ts";

export function checkAttachment(request: PodRequest): Outcome {
  const config = span("parse configuration", () => parseNetworkConfig(request.config));
  requireVersion("CHECK", config.cniVersion, withCheck);
  const previous = readPrevResult(request.config.prevResult, config.cniVersion);
  requireNetns(request.netns, request.netnsOverride);
  const { containerId, ifname, netns } = request;
  const key = { network: config.name, containerId, ifname };
  const attachment = inLedger(config.dataDir, (ledger) => check(ledger, key, netns));
  const told = previous.ips.map((ip) => ip.address);
  const missing = attachment.leases
    .map((l) => `${l.address}/${l.prefixLength}`)
    .filter((a) => !told.includes(a));
  if (missing.length > 0)
    throw new FairwayError(
      "drift",
      `the attachment has ${missing.join(", ")}, prevResult has ${told.join(", ") || "no address"}`,
      "the runtime's cache and the ledger disagree: DEL and ADD the pod again",
    );
  const delegate = delegateOf(request, config.ipam.delegate);
  if (delegate !== null) callDelegate(delegate, { verb: "CHECK" });
  return { output: null, log: config.log, facts: {} };
}
