/**
 * What is told of a pod in its events. No text has in it what differs from one time to the next (a container's
 * id): Kubernetes counts what repeats, and shows each other text as an event of its own. Pure.
 */
import { fairwayPrefix } from "../config/annotations.ts";
import { formatDuration, formatRate } from "../config/quantities.ts";
import { FairwayError, messageOf } from "../errors.ts";
import {
  type Attachment,
  type AttachmentKey,
  attachmentName,
  directions,
  type PodPromise,
  podTitle,
} from "../plan/node.ts";

type PodName = Pick<Attachment, "podNamespace" | "podName">;

/** The API takes a note of 1 KiB; an ellipsis has three bytes. */
const mostBytes = 1_000;

const control = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** One line that can be shown on anybody's terminal, and that the API takes. */
export function noteOf(text: string): string {
  const clean = text
    .slice(0, 4 * mostBytes)
    .replace(control, " ")
    .toWellFormed();
  if (Buffer.byteLength(clean) <= mostBytes) return clean;
  const characters = [...clean.slice(0, mostBytes)];
  while (Buffer.byteLength(characters.join("")) > mostBytes) characters.pop();
  return `${characters.join("")}…`;
}

/** For example "egress 50M guaranteed, at most 100M, latency target 1ms; ingress best effort". */
export function promiseWords(promise: PodPromise): string {
  const parts = directions.map((direction) => {
    const { guaranteeBits, limitBits } = promise[direction];
    const isTimed = direction === "egress" && promise.latencyTargetUs !== null;
    const words = [
      guaranteeBits === 0 ? "best effort" : `${formatRate(guaranteeBits)} guaranteed`,
      ...(limitBits === null ? [] : [`at most ${formatRate(limitBits)}`]),
      ...(isTimed ? [`latency target ${formatDuration(promise.latencyTargetUs ?? 0)}`] : []),
    ];
    return `${direction} ${words.join(", ")}`;
  });
  const tier = promise.tier === null ? "" : ` (tier ${promise.tier})`;
  return `${parts.join("; ")}${tier}`;
}

/** Whether the pod was promised anything that a pod does not have anyway. */
export const isPromised = ({ egress, ingress, latencyTargetUs, tier }: PodPromise): boolean =>
  tier !== null ||
  latencyTargetUs !== null ||
  [egress, ingress].some(({ guaranteeBits, limitBits }) => guaranteeBits > 0 || limitBits !== null);

/** A pod may have several attachments; the usual one needs no name. */
export const onNetwork = (network: string, isOnly: boolean): string =>
  isOnly ? "" : ` on network ${network}`;

/** "egress-guarantee=300M" */
export function overrideWords(overrides: Readonly<Record<string, string>>): string {
  return Object.entries(overrides)
    .map(
      ([key, value]) =>
        `${key.startsWith(fairwayPrefix) ? key.slice(fairwayPrefix.length) : key}=${value}`,
    )
    .toSorted()
    .join(", ");
}

/**
 * Why a promise was refused. What the others hold may be told by their containers' ids, and is left out. The
 * event is the pod's own, so its name says nothing in it.
 */
export function refusalWords(error: unknown, pod: AttachmentKey & PodName): string {
  if (!(error instanceof FairwayError)) return messageOf(error);
  const name = attachmentName(pod);
  const title = podTitle(pod);
  const message = (
    title === null ? error.message : error.message.replaceAll(`${title} (${name})`, "the pod")
  ).replaceAll(name, "the pod");
  const isOwn = error.kind === "badConfig" || error.kind === "policyRefused";
  return isOwn && error.details !== undefined ? `${message}. ${error.details}` : message;
}
