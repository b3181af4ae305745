/** `fairway set-capacity` changes at run time what the wire is taken to carry. */
import { Command } from "commander";
import { parseLimitBits } from "../../config/quantities.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { shortfalls } from "../../node/facts/capacity.ts";
import { capacitySet, type SetCapacity } from "../../node/facts/capacity-set.ts";
import { type Capacity, capacities } from "../../node/facts/capacity-sources.ts";
import { wholeNode } from "../applicable.ts";
import { asUsage } from "../command-line.ts";
import {
  type CommonOptions,
  refuseLost,
  withCommonOptions,
  withLedgerCopy,
  withWritableLedger,
} from "../context.ts";
import { capacityWords } from "../overrides.ts";
import { print } from "../print.ts";
import { refuseUsage } from "../usage.ts";
import { setCapacity, tryCapacity } from "./change.ts";

interface Options extends CommonOptions {
  egress?: string;
  ingress?: string;
  reset?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** What `--json` prints. */
export interface CapacityOutcome {
  dryRun: boolean;
  /** Whether what is set differs from before, or would differ. */
  changed: boolean;
  /** What is set from now on, beside what would hold without that. */
  capacities: Capacity[];
  /** What was promised and does not fit, in words. */
  shortfalls: string[];
  steps: { op: string; why: string }[];
}

/** Only the directions that are named in it change. */
type Change = Partial<SetCapacity>;

/** The value that takes back what was set. */
const takenBack = "-";

function changeOf({ egress, ingress, reset }: Options, command: Command): Change {
  const given = egress !== undefined || ingress !== undefined;
  if (given === (reset === true))
    refuseUsage(
      command,
      "give --egress RATE, --ingress RATE or both (- takes one back), or --reset alone",
      "for example: fairway set-capacity --egress 5G --ingress 5G",
    );
  if (reset === true) return { egressBits: null, ingressBits: null };
  const bits = (text: string, option: string): number | null =>
    text === takenBack ? null : parseLimitBits(text, option);
  return asUsage(command, () => ({
    ...(egress !== undefined && { egressBits: bits(egress, "--egress") }),
    ...(ingress !== undefined && { ingressBits: bits(ingress, "--ingress") }),
  }));
}

function setIn(ledger: Ledger, change: Change, dryRun: boolean): CapacityOutcome {
  // The link is looked at before anything is changed: a look that fails afterwards would be a failure of
  // what is done already.
  const before = capacities(ledger);
  const steps = (dryRun ? tryCapacity : setCapacity)(ledger, change);
  const set = capacitySet(ledger);
  const after = before.map((each) => ({ ...each, setBits: set[`${each.direction}Bits`] }));
  return {
    dryRun,
    changed: before.some(({ setBits }, at) => setBits !== after[at]?.setBits),
    capacities: after,
    shortfalls: shortfalls(ledger),
    steps: steps.map(({ op, why }) => ({ op, why })),
  };
}

function headLine({ dryRun, changed }: CapacityOutcome): string[] {
  if (dryRun) return [changed ? "dry run, it would be:" : "dry run, nothing would change:"];
  return changed ? [] : ["nothing changed:"];
}

function renderCapacity(outcome: CapacityOutcome): string {
  const lines = [
    ...headLine(outcome),
    ...outcome.capacities.map(capacityWords),
    ...outcome.steps.map(({ op, why }) => `${op}: ${why}`),
    ...outcome.shortfalls.map((line) => `NO LONGER FITS: ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}

function run(options: Options, command: Command): void {
  const change = changeOf(options, command);
  refuseLost(options);
  const dryRun = options.dryRun === true;
  const withLedger = dryRun ? withLedgerCopy : withWritableLedger;
  const outcome = withLedger(options, (ledger) => setIn(ledger, change, dryRun));
  print(outcome, options.json, renderCapacity);
}

export function setCapacityCommand(): Command {
  return withCommonOptions(new Command("set-capacity"), wholeNode)
    .description(
      "what the uplink carries, instead of what is configured or found; the trees follow",
    )
    .option("--egress <RATE>", "out of the node, such as 5G; - takes back what was set")
    .option("--ingress <RATE>", "into the node; - takes back what was set")
    .option("--reset", "take back both: what is configured or found is in force again")
    .option("--dry-run", "tell what would be done, and change nothing")
    .option("--json", "as data")
    .action(run);
}
