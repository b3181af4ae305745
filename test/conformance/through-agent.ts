/**
 * Runs rows through the launcher and an agent. Where a call was not answered by the agent, and it is not known
 * that it never would be, the row runs once more, alone and with a launcher that waits.
 */
import { isAsDesigned } from "./left.ts";
import type { Row } from "./row.ts";
import { type Outcome, runRows } from "./suite.ts";

const triesAlone = 4;

/** On a machine with other work a lock may be held for longer than anybody waits. */
const isOfTheMachine = ({ why, answers }: Outcome): boolean =>
  [why, ...answers].some((text) => text.includes("stayed locked by another process"));

export async function runThroughAgent(
  rows: readonly Row[],
  tell: (outcome: Outcome) => void,
): Promise<void> {
  let open: Row[] = [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  const hear =
    (isLast: boolean, again: Row[]) =>
    (outcome: Outcome): void => {
      const row = byId.get(outcome.id);
      const isGood = outcome.state === "met" ? isAsDesigned(outcome) : !isOfTheMachine(outcome);
      if (isLast || isGood || row === undefined) tell(outcome);
      else again.push(row);
    };
  await runRows(rows, { way: "agent", manner: "usual" }, hear(false, open));
  for (let left = triesAlone; left > 0 && open.length > 0; left--) {
    const again: Row[] = [];
    await runRows(open, { way: "agent", manner: "patient" }, hear(left === 1, again));
    open = again;
  }
}
