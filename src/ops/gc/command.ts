/** `fairway gc` frees what is held for sandboxes that are gone, where no runtime tells the plugin to. */
import { Command } from "commander";
import { FairwayError } from "../../errors.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import { forgetEarlierBoots } from "../../node/addresses/keep.ts";
import { type Found, type Listed, planSweep, type Swept, sweep } from "../../node/verbs/sweep.ts";
import type { Step } from "../../plan/diff.ts";
import { type Attachment, attachmentName } from "../../plan/node.ts";
import { wholeNode } from "../applicable.ts";
import { asUsage, requireWith } from "../command-line.ts";
import {
  type CommonOptions,
  refuseLost,
  withCommonOptions,
  withLedgerView,
  withWritableLedger,
} from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planLeftovers, removeLeftovers } from "./leftovers.ts";

interface Options extends CommonOptions {
  dryRun?: boolean;
  cri?: string;
  evenAll?: boolean;
}

async function listedBy({ cri }: Options, command: Command): Promise<Listed> {
  requireWith(command, ["evenAll"], "cri");
  if (cri === undefined) return null;
  const { listSandboxes, socketPath } = await import("../../cri/sandboxes.ts");
  asUsage(command, () => socketPath(cri));
  return new Set(await listSandboxes(cri));
}

/** A runtime that knows none of our attachments may not be the one that calls us. */
function refuseStranger(view: LedgerView, listed: Listed, { cri, evenAll }: Options): void {
  const held = view.attachments.all().filter(({ phase }) => phase === "ready");
  if (listed === null || evenAll === true || held.length === 0) return;
  if (held.some(({ containerId }) => listed.has(containerId))) return;
  throw new FairwayError(
    "badConfig",
    `the runtime at ${cri} lists ${listed.size} sandboxes, and none of the ${held.length} that fairway holds something for`,
    "nothing was freed: give the socket of the runtime that calls fairway, or --even-all if all of them are gone",
  );
}

const holdings = (a: Attachment): string =>
  [attachmentName(a), ...a.leases.map(({ address }) => address)].join(", ");
const found = (word: string, of: Found[]): string[] =>
  of.map(({ attachment, why }) => `${word}: ${holdings(attachment)}: ${why}`);

interface Outcome {
  earlier: Attachment[];
  swept: Swept;
  leftovers: Step[];
}

function render({ earlier, swept, leftovers }: Outcome, isDryRun: boolean): string {
  const [freed, removed, changed] = isDryRun
    ? ["would free", "would remove", "would put right"]
    : ["freed", "removed", "put right"];
  const lines = [
    ...earlier.map((a) => `${freed}: ${holdings(a)}: the node was booted since`),
    ...found(freed, swept.freed),
    ...leftovers.map(({ op, why }) => `${op === "delete" ? removed : changed}: ${why}`),
    ...found("kept, in doubt", swept.inDoubt),
    ...found("FAILED", swept.failed),
  ];
  return `${lines.length === 0 ? "nothing to do" : lines.join("\n")}\n`;
}

/** Leftovers are what is there now. What belongs to an attachment that would be freed goes with that one. */
function plan(view: LedgerView, listed: Listed): Outcome {
  return {
    earlier: view.attachmentsOfEarlierBoots(),
    swept: planSweep(view, listed),
    leftovers: planLeftovers(view),
  };
}

function act(options: Options, listed: Listed): Outcome {
  return withWritableLedger(options, (ledger) => {
    refuseStranger(ledger, listed, options);
    const earlier = ledger.attachmentsOfEarlierBoots();
    ledger.exclusively(() => forgetEarlierBoots(ledger));
    const swept = sweep(ledger, listed);
    return { earlier, swept, leftovers: removeLeftovers(ledger) };
  });
}

async function run(options: Options, command: Command): Promise<void> {
  const listed = await listedBy(options, command);
  const isDryRun = options.dryRun === true;
  refuseLost(options);
  const outcome = isDryRun
    ? withLedgerView(options, (view) => {
        refuseStranger(view, listed, options);
        return plan(view, listed);
      })
    : act(options, listed);
  process.stdout.write(render(outcome, isDryRun));
  if (outcome.swept.failed.length > 0) process.exitCode = exitCodes.failed;
}

export function gcCommand(): Command {
  return withCommonOptions(new Command("gc"), wholeNode)
    .description("free what is held for sandboxes that are gone, and leftovers of our own")
    .option("--dry-run", "say what would be freed, and touch nothing")
    .option(
      "--cri <ENDPOINT>",
      "the runtime's socket (unix:///run/containerd/containerd.sock): a sandbox that it does not list is gone",
    )
    .option("--even-all", "with --cri: also if the runtime lists none of those that are held")
    .action(run);
}
