/** `fairway set-capacity`: what the wire carries, changed at run time. */
import { Command } from "commander";
import { formatRate, parseLimitBits } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import { capacitySet, type SetCapacity, setCapacity, shortfalls } from "../node/capacity.ts";
import { type CommonOptions, withCommonOptions, withWritableLedger } from "./context.ts";

interface Options extends CommonOptions {
  egress?: string;
  ingress?: string;
  reset?: boolean;
}

function changed(former: SetCapacity, { egress, ingress, reset }: Options): SetCapacity {
  const given = egress !== undefined || ingress !== undefined;
  if (given === (reset === true))
    throw new FairwayError(
      "badConfig",
      "give --egress RATE, --ingress RATE or both, or --reset alone",
      "for example: fairway set-capacity --egress 5G --ingress 5G",
    );
  if (reset === true) return { egressBits: null, ingressBits: null };
  return {
    egressBits: egress === undefined ? former.egressBits : parseLimitBits(egress, "--egress"),
    ingressBits: ingress === undefined ? former.ingressBits : parseLimitBits(ingress, "--ingress"),
  };
}

const words = (bits: number | null): string =>
  bits === null ? "as configured" : `${formatRate(bits)}bit/s`;

function run(options: Options): void {
  withWritableLedger(options, (ledger) => {
    const capacity = changed(capacitySet(ledger), options);
    const steps = setCapacity(ledger, capacity);
    const short = shortfalls(ledger);
    const lines = [
      `egress ${words(capacity.egressBits)}, ingress ${words(capacity.ingressBits)}, until --reset or the next boot`,
      ...steps.map((step) => `${step.op}: ${step.why}`),
      ...short.map((line) => `NO LONGER FITS: ${line}`),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  });
}

export function setCapacityCommand(): Command {
  return withCommonOptions(new Command("set-capacity"))
    .description(
      "what the uplink carries, instead of what is configured or found; the trees follow",
    )
    .option("--egress <RATE>", "out of the node, such as 5G")
    .option("--ingress <RATE>", "into the node")
    .option("--reset", "back to what is configured or found")
    .action(run);
}
