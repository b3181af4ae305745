/** `fairway repair`: the whole node brought to what the ledger says. */
import { Command } from "commander";
import { repair } from "../node/repair.ts";
import { type CommonOptions, withCommonOptions, withWritableLedger } from "./context.ts";

export function repairCommand(): Command {
  return withCommonOptions(new Command("repair"))
    .description("put back what is missing or altered, remove leftovers of our own")
    .action((options: CommonOptions) => {
      const done = withWritableLedger(options, repair);
      const lines = done.map((step) => `${step.op}: ${step.why}`);
      process.stdout.write(`${lines.length === 0 ? "nothing to do" : lines.join("\n")}\n`);
    });
}
