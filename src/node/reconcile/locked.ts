/**
 * Takes the node's lock for work that changes the kernel along with the ledger. A transaction that fails
 * takes back what was written to the ledger, but not what was done in the kernel. So the kernel is then
 * brought back to what the ledger says.
 */
import { FairwayError, messageOf } from "../../errors.ts";
import { tried } from "../../journal.ts";
import { applyOrRollBack } from "../../kernel/apply.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Step } from "../../plan/diff.ts";
import type { Attachment, Phase } from "../../plan/node.ts";
import { span } from "../../trace.ts";
import { baseInput, liveNetworks, planTable, setPhase } from "./base.ts";
import { attachmentsInForce } from "./in-force.ts";
import { planLeaves } from "./rebalance.ts";

/** The steps for the pods' classes that are there, and for what follows the promises in the table. */
function planShares(ledger: Ledger): Step[] {
  const networks = liveNetworks(ledger);
  const attachments = attachmentsInForce(ledger, networks);
  const table = planTable(baseInput(networks, attachments));
  return [...planLeaves(attachments, networks), ...table];
}

const restoreShares = (ledger: Ledger): void => applyOrRollBack(planShares(ledger));

/** `restore` brings all that `work` may change to what the ledger says. Throws what `work` throws. */
export function inStep<T>(
  ledger: Ledger,
  work: () => T,
  restore: (ledger: Ledger) => unknown = restoreShares,
): T {
  const triedBefore = tried();
  try {
    return ledger.exclusively(work);
  } catch (error) {
    if (tried() === triedBefore) throw error;
    try {
      ledger.exclusively(() => restore(ledger));
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

export function enterPhase(ledger: Ledger, attachment: Attachment, phase: Phase): void {
  span(`phase ${phase}`, () => inStep(ledger, () => setPhase(ledger, attachment, phase)));
}
