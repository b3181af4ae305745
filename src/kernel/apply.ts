/**
 * Steps applied, in order, in as few executions as their order allows; what was done is undone if a
 * later one fails.
 */
import { writeFileSync } from "node:fs";
import { effect, effects } from "../effect.ts";
import { FairwayError, messageOf } from "../errors.ts";
import type { Step } from "../plan/diff.ts";
import { sysctlName } from "../plan/names.ts";
import { type Line, linesOf, shellLine } from "../plan/render.ts";
import { titleOf } from "../plan/state.ts";
import { undo } from "../plan/undo.ts";
import { runTool } from "./children.ts";
import { note } from "./journal.ts";
import { inNetns } from "./netns.ts";

interface StepLine {
  line: Line;
  /** Index into the steps. */
  step: number;
}

/** Lines that one execution can take: neighbours of one tool in one namespace. */
type Batch = StepLine[];

export function batchesOf(steps: Step[]): Batch[] {
  const batches: Batch[] = [];
  steps.forEach((step, index) => {
    for (const line of linesOf(step)) {
      const current = batches.at(-1);
      const first = current?.[0]?.line;
      if (current !== undefined && first?.tool === line.tool && first.netns === line.netns)
        current.push({ line, step: index });
      else batches.push([{ line, step: index }]);
    }
  });
  return batches;
}

interface BatchFailure {
  /** Where in the batch; null: the tool does not say, and did nothing (nft is one transaction). */
  at: number | null;
  /** Which line of the batch it was about. */
  culprit: number;
  reason: string;
}

/** ip and tc say "Command failed FILE:LINE" and stop there. */
const failedLine = /Command failed .*:(\d+)/;
/** nft says "/dev/stdin:LINE:COLUMN: Error: ...". */
const scriptLine = /^\S*:(\d+):\d+/;

/** The line of the batch that has that line of its script, from 1; the first where nothing is said. */
function scriptOf(batch: Batch, scriptLineNumber: number): number {
  let last = 0;
  for (const [index, { line }] of batch.entries()) {
    last += line.text.split("\n").length;
    if (scriptLineNumber <= last) return index;
  }
  return 0;
}

/** Every change of the kernel passes here. */
function runBatch(batch: Batch, nftOptions: string[] = []): BatchFailure | null {
  const startedAtMs = performance.now();
  const told = (failure: BatchFailure | string | null): void => {
    const durationMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
    for (const [index, { line }] of batch.entries())
      note({ command: shellLine(line), answer: answerOf(failure, index), durationMs });
  };
  try {
    const failure = execute(batch, nftOptions);
    told(failure);
    return failure;
  } catch (error) {
    told(messageOf(error));
    throw error;
  }
}

function answerOf(failure: BatchFailure | string | null, index: number): string {
  if (failure === null) return "done";
  if (typeof failure === "string") return failure;
  if (index === failure.culprit) return failure.reason;
  // nft does all or nothing; ip and tc stop at the line that failed.
  return failure.at !== null && index < failure.at ? "done" : "not done, since another failed";
}

function execute(batch: Batch, nftOptions: string[]): BatchFailure | null {
  const { tool, netns } = batch[0]?.line ?? { tool: "ip", netns: null };
  if (tool === "sysctl")
    return netns === null ? runSysctls(batch) : inNetns(netns, () => runSysctls(batch));
  const args = tool === "nft" ? [...nftOptions, "-f", "-"] : ["-batch", "-"];
  const texts = batch.map(({ line }) => line.text);
  // nft's are one transaction.
  const run = () =>
    effects("kernel", tool === "nft" ? [texts.join("\n")] : texts, (lines) =>
      runTool(tool, args, `${lines.join("\n")}\n`),
    );
  const { ok, stderr } = netns === null ? run() : inNetns(netns, run);
  if (ok) return null;
  const reason =
    stderr.split("\n").find((line) => line !== "" && !failedLine.test(line)) ?? "no reason given";
  const told = failedLine.exec(stderr)?.[1];
  if (told !== undefined) {
    // A line that we did not give: it may have done any of them.
    const at = Math.min(Math.max(Number(told), 1), batch.length) - 1;
    return { at, culprit: at, reason };
  }
  return { at: null, culprit: scriptOf(batch, Number(scriptLine.exec(stderr)?.[1] ?? 1)), reason };
}

function runSysctls(batch: Batch): BatchFailure | null {
  for (const [at, { line }] of batch.entries()) {
    const [name = "", value = ""] = line.text.split("=");
    try {
      effect("kernel", line.text, () => writeFileSync(`/proc/sys/${sysctlName(name)}`, value));
    } catch (error) {
      return { at, culprit: at, reason: messageOf(error) };
    }
  }
  return null;
}

/** What the kernel says, and what a person does about it. */
const remedies: { says: RegExp; kind: "missingKernelPart" | "kernelRefused"; todo: string }[] = [
  {
    // nf_tables has no word of its own for a family or a kind of chain that was left out.
    says: /(No such file or directory|not supported).*\n.*\n?add table bridge /,
    kind: "missingKernelPart",
    todo: "the kernel lacks nf_tables for the bridge family, which keeps pods to their own addresses: use one with CONFIG_NF_TABLES_BRIDGE, or set antiSpoof: false in the conflist, which lets pods send under others' addresses",
  },
  {
    says: /qdisc kind is unknown|Unknown qdisc|invalid qdisc|TC classful qdisc/i,
    kind: "missingKernelPart",
    todo: "the kernel lacks a packet scheduler: modprobe sch_htb sch_tbf (CONFIG_NET_SCH_HTB, CONFIG_NET_SCH_TBF)",
  },
  {
    says: /bridge-nf-call/,
    kind: "missingKernelPart",
    todo: "modprobe br_netfilter (CONFIG_BRIDGE_NETFILTER), and load it at boot",
  },
  {
    says: /disable_ipv6|ipv6\.conf\.all/,
    kind: "missingKernelPart",
    todo: "the kernel has no IPv6, or was booted with ipv6.disable=1: enable it, or give ipam no IPv6 ranges",
  },
  {
    says: /Operation not supported|Unknown device type|Protocol not supported/i,
    kind: "missingKernelPart",
    todo: "the kernel lacks a part: veth, bridge, nf_tables (inet, nat), sch_htb and sch_tbf are needed",
  },
  {
    says: /Operation not permitted/,
    kind: "kernelRefused",
    todo: "fairway must run as root, with CAP_NET_ADMIN and CAP_SYS_ADMIN",
  },
  {
    says: /File exists/,
    kind: "kernelRefused",
    todo: "something of that name is there already and is not in the ledger: look at it, then run `fairway repair`",
  },
];

function refusal(failed: StepLine, step: Step, reason: string): FairwayError {
  const title = titleOf(step.op === "delete" ? step.have : step.want);
  const command = shellLine(failed.line);
  const known = remedies.find(({ says }) => says.test(`${reason}\n${command}`));
  return new FairwayError(
    known?.kind ?? "kernelRefused",
    `could not ${step.op} ${title}: ${reason}`,
    `${known?.todo ?? "`fairway explain` shows every step"} (the command was: ${command})`,
  );
}

function refusalOf(steps: Step[], batch: Batch, { culprit, reason }: BatchFailure): FairwayError {
  const failed = batch[culprit];
  const step = failed === undefined ? undefined : steps[failed.step];
  if (failed === undefined || step === undefined)
    throw new RangeError(`line ${culprit} of a batch failed`);
  return refusal(failed, step, reason);
}

/** Whether the kernel would take these steps, all of nft's: a transaction that is not committed. null: it would. */
export function refusedByNft(steps: Step[]): FairwayError | null {
  for (const batch of batchesOf(steps)) {
    const failure = runBatch(batch, ["-c"]);
    if (failure !== null) return refusalOf(steps, batch, failure);
  }
  return null;
}

export interface Failure {
  error: FairwayError;
  /** Index of the step that failed. */
  at: number;
  /** The steps that were done whole, or in part: all that there is to undo. */
  done: Step[];
}

/** null: all done. */
export function applySteps(steps: Step[]): Failure | null {
  // The step that the batches before ended with: its lines may be of several tools.
  let begun: number | null = null;
  for (const batch of batchesOf(steps)) {
    const failure = attempt(steps, batch, begun);
    if (failure !== null) return failure;
    begun = batch.at(-1)?.step ?? begun;
  }
  return null;
}

function attempt(steps: Step[], batch: Batch, begun: number | null): Failure | null {
  let failure: BatchFailure | null;
  try {
    failure = runBatch(batch);
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
    // A tool that was ended may have done any of its lines, the last one too; one that was not started, none.
    const at = error.kind === "tryAgain" ? batch.length : null;
    return { error, at: stepAt(batch, at), done: stepsUpTo(steps, batch, at, begun) };
  }
  if (failure === null) return null;
  const failed = batch[failure.at ?? 0];
  if (failed === undefined) throw new RangeError(`a batch failed at ${failure.at}`);
  return {
    error: refusalOf(steps, batch, failure),
    at: failed.step,
    done: stepsUpTo(steps, batch, failure.at, begun),
  };
}

/** `at`: null for the first line; behind the last one, the last. */
const stepAt = (batch: Batch, at: number | null): number =>
  (batch[at ?? 0] ?? batch.at(-1))?.step ?? 0;

/** The failed step counts where a line of it went through before. */
function stepsUpTo(steps: Step[], batch: Batch, at: number | null, begun: number | null): Step[] {
  const failed = stepAt(batch, at);
  const isBegun =
    failed === begun || (at !== null && batch.slice(0, at).some(({ step }) => step === failed));
  return steps.slice(0, isBegun ? failed + 1 : failed);
}

/** Takes back what was done, last first. What cannot be taken back is returned, for the log. */
export function rollBack(done: Step[]): FairwayError[] {
  const failures: FairwayError[] = [];
  // One by one after a failure: the others must still be tried.
  for (let rest = undo(done); rest.length > 0; ) {
    const failure = applySteps(rest);
    if (failure === null) break;
    failures.push(failure.error);
    rest = rest.slice(failure.at + 1);
  }
  return failures;
}

/** All or nothing. Throws what failed first. */
export function applyOrRollBack(steps: Step[]): void {
  const failure = applySteps(steps);
  if (failure === null) return;
  const left = rollBack(failure.done);
  if (left.length === 0) throw failure.error;
  const { kind, message, details } = failure.error;
  throw new FairwayError(
    kind,
    message,
    `${details}; rolling back left: ${left.map((e) => e.message).join("; ")} (DEL or \`fairway repair\` removes it)`,
    { cause: failure.error },
  );
}
