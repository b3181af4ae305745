/**
 * Takes the node's lock for work that changes the kernel along with the ledger. A transaction that fails
 * takes back what was written to the ledger, but not what was done in the kernel. So the kernel is then
 * brought back to what the ledger says.
 */
import { FairwayError, messageOf } from "../../errors.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Attachment, Phase } from "../../plan/node.ts";
import { span } from "../../trace.ts";
import { followRules } from "./glance.ts";
import { type Lock, reconcile, required } from "./run.ts";
import { rules, shares } from "./scopes.ts";
import { NodeView } from "./view.ts";

/** Work under the lock that leaves the kernel as it is, or that is done whole by one reconcile. */
export const exclusively = <T>(ledger: Ledger, work: (lock: Lock) => T): T =>
  ledger.exclusively(() => work({ ledger, touched: false }));

const restoreShares = (lock: Lock): unknown =>
  required(reconcile(shares(new NodeView(lock.ledger)), { lock }));

/** `restore` brings all that `work` may change to what the ledger says. Throws what `work` throws. */
export function locked<T>(
  ledger: Ledger,
  work: (lock: Lock) => T,
  restore: (lock: Lock) => unknown = restoreShares,
): T {
  const lock: Lock = { ledger, touched: false };
  try {
    return ledger.exclusively(() => work(lock));
  } catch (error) {
    if (!lock.touched) throw error;
    try {
      exclusively(ledger, restore);
    } catch (second) {
      throw withNote(error, second);
    }
    throw error;
  }
}

function withNote(error: unknown, second: unknown): unknown {
  if (!(error instanceof FairwayError)) return error;
  const note = `the kernel could not be brought back to what the ledger says: ${messageOf(second)} (\`fairway repair\` does it)`;
  const details = error.details === undefined ? note : `${error.details}; ${note}`;
  return new FairwayError(error.kind, error.message, details, { cause: error });
}

/**
 * Puts an attachment into a phase, and changes the part of the base that follows the promises of ready pods,
 * so that nobody who holds the lock sees one without the other.
 */
export function setPhase(lock: Lock, attachment: Attachment, phase: Phase): void {
  const { ledger } = lock;
  ledger.attachments.setPhase(attachment, phase);
  if (attachment.promise.ingress.guaranteeBits === 0) return;
  const view = new NodeView(ledger);
  followRules(ledger, view.input, () => required(reconcile(rules(view), { lock })).length > 0);
}

export function enterPhase(ledger: Ledger, attachment: Attachment, phase: Phase): void {
  span(`phase ${phase}`, () => locked(ledger, (lock) => setPhase(lock, attachment, phase)));
}
