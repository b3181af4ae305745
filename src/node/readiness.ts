/** STATUS: whether an ADD would be refused for what the node is like, whoever the pod is. */
import type { NetworkConfig } from "../config/types.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { findTool } from "../kernel/children.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { inForce } from "../promise/scale.ts";
import { tiersRefusal } from "../promise/tiers-fit.ts";
import { liveNetworks, planBase, refuseConflicts } from "./base.ts";
import { baseInForce } from "./capacity.ts";
import { chooseLeases } from "./leases.ts";
import { mustAgree } from "./network.ts";
import { findUplink } from "./uplink.ts";

/** Throws unavailable (50), with what is missing and what to do. */
export function requireReady(view: LedgerView, config: NetworkConfig): void {
  try {
    for (const tool of ["ip", "tc", "nft"] as const) findTool(tool);
    const base = baseInForce(view, config, findUplink(config.uplink, config.bridge));
    const others = liveNetworks(view).filter((n) => n.network !== base.network);
    for (const other of others) mustAgree(base, other);
    const tooLarge = tiersRefusal(config.tiers, base.trees);
    if (tooLarge !== null) throw tooLarge;
    const attachments = inForce(view.attachments.all(), base.trees);
    refuseConflicts(planBase([...others, base], attachments).conflicts);
    chooseLeases(view, config, []);
  } catch (error) {
    const details = error instanceof FairwayError ? error.details : undefined;
    throw new FairwayError("unavailable", messageOf(error), details, { cause: error });
  }
}
