/**
 * A step's lines, each with the message that does the same. A kind of object without messages goes through
 * the tools. `messagesOf` alone decides which kinds those are.
 */
import type { Step } from "../plan/diff.ts";
import { gsoSizes } from "../plan/gso.ts";
import { type Line, linesOf, queueLengthAfter } from "../plan/render.ts";
import type { KernelObject } from "../plan/state.ts";
import type { Backend } from "./backend.ts";
import { addressRequest, kernelRouteRequest, routeRequest } from "./write/addresses.ts";
import { type ElementChange, hasMessage } from "./write/elements.ts";
import { redirectRequest } from "./write/filters.ts";
import * as links from "./write/links.ts";
import type { Request } from "./write/request.ts";
import { classRequest, qdiscRequest } from "./write/tc.ts";

/** What a line does, and by which means. The line itself is what a person is told. */
export type Effect = {
  line: Line;
  step: number;
  /** A port that has to pass frames on before this effect. */
  awaits?: string;
} & (
  | { by: "tool" }
  /** A write of a file below /proc/sys. */
  | { by: "file" }
  | { by: "netlink"; request: Request }
  | { by: "nfnetlink"; change: ElementChange }
);

/** null means that there is no message: the line itself is carried out. */
type LineMessage = Request | ElementChange | null;

/**
 * One message for each line of the step. null means that none of its lines has a message. `have` is what a
 * change finds.
 */
function messagesOf(
  op: Step["op"],
  object: KernelObject,
  have: KernelObject | null,
): LineMessage[] | null {
  const gone = op === "delete";
  switch (object.kind) {
    // These are files, whichever backend is chosen.
    case "sysctl":
    case "ipv6setting":
      return null;
    case "bridge": {
      if (gone) return [links.deletionOf(object.name)];
      if (op === "change")
        return [links.setBridge(object), ...links.usualRequests(object, have, "bridge")];
      const settings = object.withoutDad === true ? [null] : [];
      return [links.madeBridge(object), ...settings, links.setBridge(object)];
    }
    case "hostlink":
      if (gone) return [];
      return [
        ...gsoSizes(object).map((size) => links.setGsoSize(object, size)),
        ...(object.gsoIpv4MaxBytes === undefined
          ? []
          : [links.setGsoIpv4Size(object, object.gsoIpv4MaxBytes)]),
      ];
    case "veth":
      return links.vethRequests(op, object);
    case "port":
      return gone ? [] : links.portRequests(object, have);
    case "podlink":
      return gone
        ? []
        : [links.setPodLink(object), ...links.usualRequests(object, have, "podlink")];
    case "address":
      return [...(gone && object.keepsOthers === true ? [null] : []), addressRequest(op, object)];
    case "announcement": {
      if (gone) return [];
      const settings = object.hasIpv6 ? [null, null] : [null];
      return [...settings, links.setMac(object.dev, object.mac)];
    }
    case "kernelroute":
      return [kernelRouteRequest(op, object)];
    case "route":
      return [routeRequest(op, object)];
    case "ifb":
      if (gone) return [links.deletionOf(object.name)];
      return [...(op === "create" ? [links.madeIfb(object)] : []), links.setUp(object)];
    case "redirect":
      return [redirectRequest(op, object)];
    case "qdisc": {
      const asLine = qdiscRequest(op, object);
      const length = queueLengthAfter(op, object);
      return length === null ? [asLine] : [asLine, links.setTxQueueLength(object.dev, length)];
    }
    case "class":
      return [classRequest(op, object)];
    // Rules are written in nft's own language, and a node's rules are made only once.
    case "ruleset":
      return null;
    case "element":
      return hasMessage(object) ? [{ isGone: gone, element: object }] : null;
  }
}

function effectOf(line: Line, step: number, message: LineMessage, awaits?: string): Effect {
  const common = { line, step, ...(awaits !== undefined && { awaits }) };
  if (message === null) return { ...common, by: line.tool === "sysctl" ? "file" : "tool" };
  return "element" in message
    ? { ...common, by: "nfnetlink", change: message }
    : { ...common, by: "netlink", request: message };
}

function effectsOf(step: Step, index: number, backend: Backend): Effect[] {
  const lines = linesOf(step);
  const object = step.op === "delete" ? step.have : step.want;
  const messages = backend === "exec" ? null : messagesOf(step.op, object, step.have);
  if (messages !== null && messages.length !== lines.length)
    throw new RangeError(
      `${messages.length} messages for ${lines.length} lines of a ${object.kind}`,
    );
  const awaits = object.kind === "announcement" ? object.port : undefined;
  return lines.map((line, at) => effectOf(line, index, messages?.[at] ?? null, awaits));
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
