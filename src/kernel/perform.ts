/**
 * Carries out a batch. Every change of the kernel that a step stands for passes `perform`, except for the
 * pairs that are sent off (send-off.ts).
 */
import { effect, effects } from "../effect.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { note } from "../journal.ts";
import { sysctlName } from "../plan/names.ts";
import { span } from "../trace.ts";
import { runTool, type Tool } from "./children.ts";
import type { Batch } from "./effects.ts";
import { untilForwarding } from "./forwarding.ts";
import { NetlinkError } from "./netlink/refusal.ts";
import { inNetns } from "./netns.ts";
import { writeSetting } from "./write/setting.ts";
import { NoSuchLink, Speaker } from "./write/speaker.ts";
import {
  changeTables,
  type RefusedChange,
  type TableChange,
  tryTables,
} from "./write/transaction.ts";

export interface BatchFailure {
  /** The number of the batch's effects that were done, or may have been. */
  done: number;
  /** The index of the effect that failed. */
  culprit: number;
  reason: string;
  /** The kernel's errno, where it gave one. */
  errno?: number;
  /** The error, where nothing was refused but nobody answered, or a tool is missing. */
  error?: FairwayError;
}

/** ip and tc say "Command failed FILE:LINE" and stop there. */
const failedLine = /Command failed .*:(\d+)/;
/** nft says "/dev/stdin:LINE:COLUMN: Error: ...". */
const scriptLine = /^\S*:(\d+):\d+/;

/**
 * The line of the batch that contains this line of the script, which is counted from 1. It is the first line
 * where the tool names none.
 */
function scriptOf(batch: Batch, scriptLineNumber: number): number {
  let last = 0;
  for (const [index, { line }] of batch.entries()) {
    last += line.text.split("\n").length;
    if (scriptLineNumber <= last) return index;
  }
  return 0;
}

function runLines(batch: Batch, tool: Tool, options: string[]): BatchFailure | null {
  const texts = batch.map(({ line }) => line.text);
  let stderr: string;
  try {
    // The lines of nft are one transaction.
    const finished = effects("kernel", tool === "nft" ? [texts.join("\n")] : texts, (lines) =>
      runTool(tool, options, `${lines.join("\n")}\n`),
    );
    if (finished.ok) return null;
    stderr = finished.stderr;
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
    // A tool that was ended may have done any of its lines, even the last one. A tool that was not started
    // did none.
    const done = error.kind === "tryAgain" ? batch.length : 0;
    return { done, culprit: Math.max(done - 1, 0), reason: error.message, error };
  }
  const reason =
    stderr.split("\n").find((line) => line !== "" && !failedLine.test(line)) ?? "no reason given";
  const failed = failedLine.exec(stderr)?.[1];
  if (failed !== undefined) {
    // If the number is of a line that we did not give, the tool may have done any of them.
    const at = Math.min(Math.max(Number(failed), 1), batch.length) - 1;
    return { done: at, culprit: at, reason };
  }
  return { done: 0, culprit: scriptOf(batch, Number(scriptLine.exec(stderr)?.[1] ?? 1)), reason };
}

const isRefusal = (error: unknown): boolean =>
  error instanceof NoSuchLink || (error instanceof Error && "syscall" in error);

/**
 * Describes what stopped an effect that came after `before` others. `begun` also counts that effect if it had
 * begun. Throws an error that is a defect of ours.
 */
function failureAt(error: unknown, before: number, begun: number): BatchFailure {
  const reason = messageOf(error);
  if (error instanceof NetlinkError)
    return { done: before, culprit: before, reason, errno: error.errno };
  if (isRefusal(error)) return { done: before, culprit: before, reason };
  if (!(error instanceof FairwayError)) throw error;
  // A request that nobody answered may be done all the same.
  return { done: error.kind === "tryAgain" ? begun : before, culprit: before, reason, error };
}

/** One transaction. `nft` has the options with which the tool does the same. */
function runTables(
  batch: Batch,
  change: (changes: TableChange[]) => RefusedChange | null,
  nft: string[],
): BatchFailure | null {
  if (batch[0]?.by === "tool") return runLines(batch, "nft", nft);
  const changes = batch.flatMap((each) => (each.by === "nfnetlink" ? [each.change] : []));
  try {
    const what = batch.map(({ line }) => line.text).join("\n");
    const refused = effect("kernel", what, () => change(changes));
    if (refused === null) return null;
    const { at, reason, errno } = refused;
    return { done: 0, culprit: at, reason, errno };
  } catch (error) {
    return failureAt(error, 0, batch.length);
  }
}

/** Does what "sysctl -w" does with a line, without the tool. */
function writeLine(text: string): void {
  const [name = "", value = ""] = text.split("=");
  writeSetting(sysctlName(name), value);
}

/** Sends messages and writes files one by one. The first that is refused ends it. */
function runHere(batch: Batch): BatchFailure | null {
  let speaker: Speaker | null = null;
  try {
    for (const [at, each] of batch.entries()) {
      let begun = at;
      try {
        let act = (): void => writeLine(each.line.text);
        if (each.by === "netlink") {
          speaker ??= new Speaker();
          // This asks for the links' numbers. If that fails, the effect itself has not begun.
          act = speaker.prepare(each.request);
        }
        begun += 1;
        effect("kernel", each.line.text, act);
      } catch (error) {
        return failureAt(error, at, begun);
      }
    }
    return null;
  } finally {
    speaker?.[Symbol.dispose]();
  }
}

function answerOf(failure: BatchFailure | null, index: number): string {
  if (failure === null) return "done";
  if (index === failure.culprit) return failure.reason;
  return index < failure.done ? "done" : "not done, since another failed";
}

/**
 * null means that the whole batch was done. Every change of the kernel passes here. Throws FairwayError where
 * nothing of it was begun.
 */
export function perform(batch: Batch): BatchFailure | null {
  const startedAtMs = performance.now();
  const told = (answer: (index: number) => string): void => {
    const durationMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
    for (const [index, { line }] of batch.entries())
      note({ line, answer: answer(index), durationMs });
  };
  try {
    const failure = span(stageOf(batch), () => carryOut(batch));
    // If a tool was ended at its time limit, it is not known for any of its lines whether it was done.
    if (failure?.error !== undefined && batch[0]?.by === "tool") told(() => failure.reason);
    else told((index) => answerOf(failure, index));
    return failure;
  } catch (error) {
    told(() => messageOf(error));
    throw error;
  }
}

/** The name of the stage: "5 messages", "2 lines of tc". */
function stageOf(batch: Batch): string {
  const [first] = batch;
  const where = first?.line.netns == null ? "" : " in the pod";
  const isTool = batch.some(({ by }) => by === "tool");
  return `${batch.length} ${isTool ? `lines of ${first?.line.tool}` : "messages"}${where}`;
}

function carryOut(batch: Batch): BatchFailure | null {
  const [first] = batch;
  if (first === undefined) return null;
  const { tool, netns } = first.line;
  if (first.awaits !== undefined) untilForwarding(first.awaits);
  const run = (): BatchFailure | null => {
    if (tool === "nft") return runTables(batch, changeTables, ["-f", "-"]);
    if (first.by === "tool" && tool !== "sysctl") return runLines(batch, tool, ["-batch", "-"]);
    return runHere(batch);
  };
  return netns === null ? run() : inNetns(netns, run);
}

/** Tries changes of tables in a transaction that is not committed. null means that they would be accepted. */
export const tryOut = (batch: Batch): BatchFailure | null =>
  runTables(batch, tryTables, ["-c", "-f", "-"]);
