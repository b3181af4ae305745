/** GC does a DEL for every attachment of a network that the runtime no longer knows. */
import { FairwayError, messageOf } from "../../errors.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { AttachmentKey } from "../../plan/node.ts";
import { attachmentName } from "../../plan/node.ts";
import { detach } from "./detach.ts";

/** An attachment that a runtime says is alive. */
export type Valid = Pick<AttachmentKey, "containerId" | "ifname">;

/**
 * Returns the attachments that were removed. It goes on past what fails, and tells all of it at the end.
 * Other networks' attachments are not looked at.
 */
export function collect(ledger: Ledger, network: string, valid: Valid[]): AttachmentKey[] {
  const alive = new Set(valid.map(({ containerId, ifname }) => `${containerId} ${ifname}`));
  const gone = ledger.attachments
    .all(network)
    .filter(({ containerId, ifname }) => !alive.has(`${containerId} ${ifname}`));
  const failures: string[] = [];
  let canWait = true;
  for (const key of gone) {
    try {
      detach(ledger, key, 0);
    } catch (error) {
      canWait &&= error instanceof FairwayError && error.kind === "tryAgain";
      failures.push(`${attachmentName(key)}: ${messageOf(error)}`);
    }
  }
  if (failures.length > 0)
    throw new FairwayError(
      canWait ? "tryAgain" : "kernelRefused",
      `${failures.length} of ${gone.length} attachments could not be removed: ${failures.join("; ")}`,
      "they are still in the ledger: the next GC tries them again",
    );
  return gone;
}
