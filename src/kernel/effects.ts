/** A step's lines, each with the means by which it is carried out. */
import type { Step } from "../plan/diff.ts";
import type { Line } from "../plan/kinds/kind.ts";
import { actsOf } from "../plan/render.ts";
import type { Backend } from "./backend.ts";
import type { Message } from "./kinds/kind.ts";
import { kernelKindOf } from "./kinds/registry.ts";
import type { Request } from "./write/request.ts";
import type { TableChange } from "./write/transaction.ts";

/** What a line does, and by which means. The line itself is what a person is told. */
export type Effect = {
  line: Line;
  step: number;
  /** A port that has to pass frames on before this effect. */
  awaits?: string;
} & Means;

type Means =
  | { by: "tool" }
  /** A write of a file below /proc/sys, whichever backend is chosen. */
  | { by: "file" }
  | { by: "netlink"; request: Request }
  | { by: "nfnetlink"; change: TableChange };

function meansOf({ tool }: Line, message: Message | null): Means {
  if (message === null) return { by: tool === "sysctl" ? "file" : "tool" };
  return "header" in message
    ? { by: "netlink", request: message }
    : { by: "nfnetlink", change: message };
}

function effectsOf(step: Step, index: number, backend: Backend): Effect[] {
  const object = step.op === "delete" ? step.have : step.want;
  const kind = kernelKindOf(object);
  const awaits = kind.awaits?.(object);
  return actsOf(step).map(({ line, does }) => {
    const isSent = backend !== "exec" && does !== null;
    const message = isSent ? kind.message(does, object) : null;
    const common = { line, step: index, ...(awaits !== undefined && { awaits }) };
    return { ...common, ...meansOf(line, message) };
  });
}

/**
 * Effects that are carried out together: they follow each other and use the same means in the same namespace.
 */
export type Batch = Effect[];

function means({ by, line, awaits }: Effect): string {
  const where = `${line.netns ?? ""}${awaits === undefined ? "" : ` behind ${awaits}`}`;
  if (by === "nfnetlink" || (by === "tool" && line.tool === "nft")) return "nft";
  return by === "tool" ? `${line.tool} ${where}` : `here ${where}`;
}

export function batchesOf(steps: Step[], backend: Backend): Batch[] {
  const batches: Batch[] = [];
  for (const effect of steps.flatMap((step, index) => effectsOf(step, index, backend))) {
    const current = batches.at(-1);
    const [first] = current ?? [];
    if (current !== undefined && first !== undefined && means(first) === means(effect))
      current.push(effect);
    else batches.push([effect]);
  }
  return batches;
}
