/** `fairway doctor` tells what stands in the way of promises on this node, and what to do about it. */
import { Command } from "commander";
import { asUsage, isGiven } from "../command-line.ts";
import { withCommonOptions } from "../context.ts";
import { placesOf, usualPlaces } from "../install/places.ts";
import { print } from "../print.ts";
import { type ExamineOptions, examine, exitCodeOf, networksOfConflists } from "./examine.ts";
import type { Finding, Level } from "./finding.ts";

const marks: Record<Level, string> = { ok: "ok   ", warn: "WARN ", error: "ERROR" };

function lines({ id, level, found, todo }: Finding, width: number): string[] {
  const line = `${marks[level]}  ${id.padEnd(width)}  ${found}`;
  return todo === null ? [line] : [line, `${" ".repeat(width + 9)}-> ${todo}`];
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

export function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ id }) => id.length));
  const of = (level: Level): number => findings.filter((f) => f.level === level).length;
  const summary = `${counted(of("error"), "error")}, ${counted(of("warn"), "warning")}, ${of("ok")} ok`;
  return `${[...findings.flatMap((finding) => lines(finding, width)), summary].join("\n")}\n`;
}

export function doctorCommand(): Command {
  return withCommonOptions(new Command("doctor"), {
    needs: (command) => (isGiven(command, "config") ? "nothing" : "folder"),
    alsoKnown: (command) =>
      asUsage(command, () => networksOfConflists(command.opts<ExamineOptions>())),
    tellsFaults: true,
  })
    .description("what stands in the way of promises on this node, and what to do; touches nothing")
    .option("--bin-dir <DIR>", `the runtime's plugins (default: ${usualPlaces.binDir})`)
    .option("--conf-dir <DIR>", `the runtime's conflists (default: ${usualPlaces.confDir})`)
    .option("--json", "as data")
    .action(async (options: ExamineOptions & { json?: boolean }, command: Command) => {
      asUsage(command, () => placesOf(options));
      const findings = await examine(options);
      print({ findings }, options.json, () => renderFindings(findings));
      process.exitCode = exitCodeOf(findings);
    });
}
