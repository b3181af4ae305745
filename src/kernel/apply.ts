/**
 * Applies steps in order, in as few executions as their order allows. If a step fails, what was done before
 * it is undone.
 */
import { FairwayError } from "../errors.ts";
import { note } from "../journal.ts";
import { diff, type Step } from "../plan/diff.ts";
import { linesOf, shellLine } from "../plan/render.ts";
import { stateOf, titleOf } from "../plan/state.ts";
import { undo } from "../plan/undo.ts";
import { span } from "../trace.ts";
import { chosenBackend } from "./backend.ts";
import { type Batch, batchesOf, type Effect } from "./effects.ts";
import { observe } from "./observe.ts";
import { type BatchFailure, perform, tryOut } from "./perform.ts";
import { fullBridge } from "./ports.ts";
import { sendOff } from "./send-off.ts";

/** What the kernel says, and what a person can do about it. */
const remedies: { says: RegExp; kind: "missingKernelPart" | "kernelRefused"; todo: string }[] = [
  {
    says: /: the kernel lacks nft_/,
    kind: "missingKernelPart",
    todo: "load that module (modprobe), or use a kernel that has it",
  },
  {
    // nf_tables has no message of its own for a family or a kind of chain that was left out of the kernel.
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

/** EXFULL, in the words of the kernel and of the tools. */
const isFull = /Exchange full/;

function refusal(failed: Effect, step: Step, reason: string): FairwayError {
  if (step.want?.kind === "port" && step.want.bridge !== null && isFull.test(reason))
    return fullBridge(step.want.bridge, `a port for the host interface ${step.want.name}`);
  const title = titleOf(step.op === "delete" ? step.have : step.want);
  const command = shellLine(failed.line);
  const known = remedies.find(({ says }) => says.test(`${reason}\n${command}`));
  return new FairwayError(
    known?.kind ?? "kernelRefused",
    `could not ${step.op} ${title}: ${reason}`,
    `${known?.todo ?? "`fairway explain` shows every step"} (${failed.by === "tool" ? "the command was" : "as a command"}: ${command})`,
  );
}

function refusalOf(steps: Step[], batch: Batch, failure: BatchFailure): FairwayError {
  if (failure.error !== undefined) return failure.error;
  const failed = batch[failure.culprit];
  const step = failed === undefined ? undefined : steps[failed.step];
  if (failed === undefined || step === undefined)
    throw new RangeError(`effect ${failure.culprit} of a batch failed`);
  return refusal(failed, step, failure.reason);
}

/**
 * Tries steps that all change tables, in a transaction that is not committed. null means that the kernel
 * would accept them.
 */
export function refusedByTables(steps: Step[]): FairwayError | null {
  for (const batch of batchesOf(steps, chosenBackend())) {
    const failure = tryOut(batch);
    if (failure !== null) return refusalOf(steps, batch, failure);
  }
  return null;
}

/** include/uapi/asm-generic/errno-base.h */
const EEXIST = 17;

export interface Failure {
  error: FairwayError;
  /** The index of the step that failed. */
  at: number;
  /** Whether something that was to be made was there already. */
  exists: boolean;
  /** The steps that were done completely or in part. There is nothing else to undo. */
  done: Step[];
}

/** Whether nothing is left of what a step was to delete. What cannot be looked at counts as there. */
function isGoneAlready(step: Step | undefined): boolean {
  if (step?.op !== "delete") return false;
  try {
    const left = observe(stateOf([{ owner: step.owner, object: step.have }]));
    return diff(new Map(), left).steps.length === 0;
  } catch (error) {
    if (error instanceof FairwayError) return false;
    throw error;
  }
}

/**
 * null means that all steps were done. An object that is to be deleted may go by itself between the look and
 * the step, as a pair does with its namespace. That is no failure, and there is nothing to take back.
 */
export function applySteps(steps: Step[]): Failure | null {
  const done: Step[] = [];
  for (let rest = steps; ; ) {
    const failure = carryOut(rest);
    if (failure === null) return null;
    const stopped = rest[failure.at];
    if (!isGoneAlready(stopped))
      return { ...failure, at: steps.indexOf(stopped as Step), done: [...done, ...failure.done] };
    done.push(...failure.done.filter((step) => step !== stopped));
    rest = rest.slice(failure.done.length).filter((step) => step !== stopped);
  }
}

/** null means that all steps were done. */
function carryOut(steps: Step[]): Failure | null {
  // The step at the end of the batches so far. Its lines may be spread over several batches.
  let begun: number | null = null;
  for (const batch of batchesOf(steps, chosenBackend())) {
    const failure = attempt(steps, batch, begun);
    if (failure !== null) return failure;
    begun = batch.at(-1)?.step ?? begun;
  }
  return null;
}

/** The names of the pairs that a plan deletes. */
const deletedPairs = (steps: Step[]): string[] =>
  steps.flatMap(({ op, have }) => (op === "delete" && have.kind === "veth" ? [have.name] : []));

/**
 * Does the same as `applySteps`, for callers that take nothing back. Pairs are deleted last, by another
 * process, and this waits until they are out of sight. After a failure the caller has to look for what is
 * left of the steps. `beforePairs` is called when everything else is done; what it throws is thrown.
 */
export function applyForGood(steps: Step[], beforePairs: () => void = () => {}): Failure | null {
  const pairs = deletedPairs(steps);
  const [going, rest, own] = [new Set(pairs), [] as Step[], [] as Step[]];
  for (const step of steps)
    (step.have?.kind === "veth" && going.has(step.have.name) ? own : rest).push(step);
  // This comes first, because the kernel makes everybody who changes anything wait while a pair goes.
  const failure = applySteps(rest);
  if (failure !== null) return failure;
  beforePairs();
  if (pairs.length === 0) return null;
  if (chosenBackend() !== "netlink") return applySteps(own);
  const startedAtMs = performance.now();
  const sent = span("send pairs off", () => sendOff(pairs));
  if (sent === null) return applySteps(own);
  const isGone = span("wait until pairs are gone", () => sent.waitUntilGone());
  const durationMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
  for (const line of own.flatMap(linesOf))
    note({ line, answer: isGone ? "gone" : "still there", durationMs });
  // The process that was sent may have died on the way. Then the deletion is asked for again, and waited for.
  return isGone ? null : applySteps(own);
}

function attempt(steps: Step[], batch: Batch, begun: number | null): Failure | null {
  let failure: BatchFailure | null;
  try {
    failure = perform(batch);
  } catch (error) {
    // Nothing of the batch was done yet: its namespace could not be entered.
    if (!(error instanceof FairwayError)) throw error;
    failure = { done: 0, culprit: 0, reason: error.message, error };
  }
  if (failure === null) return null;
  return {
    error: refusalOf(steps, batch, failure),
    at: batch[failure.culprit]?.step ?? 0,
    exists: failure.errno === EEXIST,
    done: stepsBegun(steps, batch, failure.done, begun),
  };
}

/**
 * The steps that belong to the first `done` effects of the batch. A step of which only a part was done
 * counts, too.
 */
function stepsBegun(steps: Step[], batch: Batch, done: number, begun: number | null): Step[] {
  const last = batch[done - 1]?.step;
  if (last !== undefined) return steps.slice(0, last + 1);
  const first = batch[0]?.step ?? 0;
  return steps.slice(0, first === begun ? first + 1 : first);
}

/** Takes back what was done, the last step first. What cannot be taken back is returned, for the log. */
export function rollBack(done: Step[]): FairwayError[] {
  const failures: FairwayError[] = [];
  // After a failure the loop goes on without the step that failed: the others must still be tried, and those
  // of its transaction tried again.
  for (let rest = undo(done); rest.length > 0; ) {
    const failure = applySteps(rest);
    if (failure === null) break;
    failures.push(failure.error);
    const left = rest.slice(Math.min(failure.done.length, failure.at));
    rest = left.filter((step) => step !== rest[failure.at]);
  }
  return failures;
}

/** Does one step by itself, for callers that reconcile nothing. null means that it was done. */
export const applyAlone = (step: Step): FairwayError | null => applySteps([step])?.error ?? null;
