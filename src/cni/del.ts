/** DEL loads next to nothing of what an ADD needs. */
import { parseCleanupConfig } from "../config/cleanup.ts";
import { callDelegate } from "../node/addresses/delegate.ts";
import { releaseTakenOver } from "../node/addresses/reserve.ts";
import { inLedger } from "../node/facts/open.ts";
import { detach } from "../node/verbs/detach.ts";
import { span } from "../trace.ts";
import { delegateOf } from "./delegate-of.ts";
import type { Outcome } from "./outcome.ts";
import type { PodRequest } from "./request.ts";

export function del(request: PodRequest): Outcome {
  const config = span("parse configuration", () => parseCleanupConfig(request.config));
  const { containerId, ifname } = request;
  const key = { network: config.name, containerId, ifname };
  const delegate = delegateOf(request, config.delegate);
  // Where Fairway is chained after another plugin, the ledger may know addresses of that plugin, which frees
  // them itself.
  const givesAddresses = delegate === null && request.config.ipam !== undefined;
  const found = inLedger(config.dataDir, (ledger) => {
    const detached = detach(ledger, key);
    return (givesAddresses && releaseTakenOver(ledger, key)) || detached;
  });
  // The address is free once nobody has it any more.
  if (delegate !== null) callDelegate(delegate, { verb: "DEL" });
  return { output: null, log: config.log, facts: { found } };
}
