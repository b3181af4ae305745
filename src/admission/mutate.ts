/**
 * What a new pod requests of the scheduler, from its annotations and its tier; or its annotations, from what it
 * requests. The same is said in CEL, as a policy of the API server's own; docs/scheduling.md is for people. Pure.
 */
import {
  type AnnotatedDirection,
  annotationKeys,
  mirrorKey,
  priorityKey,
  readAnnotations,
} from "../config/annotations.ts";
import { Problems } from "../config/problems.ts";
import { parseGuaranteeBits } from "../config/quantities.ts";
import { mbpsUp, resourceNames } from "../config/resources.ts";
import { isObject, type JsonObject } from "../config/section.ts";
import { FairwayError } from "../errors.ts";
import { textsOf } from "../kube/objects.ts";
import { type Direction, directions } from "../plan/node.ts";
import { pickTier, type Tiers } from "../promise/tiers.ts";
import { broughtMbps, firstContainer } from "./containers.ts";
import { pointer } from "./json-pointer.ts";
import { tierMark } from "./tier-mark.ts";
import { judgeAnnotations } from "./verdict.ts";

/** As of RFC 6902. */
export interface Operation {
  op: "add";
  path: string;
  value: unknown;
}

export type Decision =
  | { kind: "let"; operations: Operation[] }
  /** `words` say all that is wrong with it, and what to do. */
  | { kind: "refused"; words: string };

/** What they give is known on the pod's node alone. */
const hasClaims = ({ resourceClaims }: JsonObject): boolean =>
  Array.isArray(resourceClaims) && resourceClaims.length > 0;

/** Whether there is anything to count: its network is the node's, or the scheduler counts its claims. */
function isCounted(spec: JsonObject): boolean {
  return spec.hostNetwork !== true && !hasClaims(spec);
}

/** A limit of the pod's own lowers what its tier guarantees, as it does at ADD. */
const lowered = (bits: number, { limit, bandwidth }: AnnotatedDirection): number =>
  Math.min(bits, (limit ?? bandwidth)?.value ?? bits);

/**
 * A pod's tier, and what it guarantees; 0 where it has none. A tier that the class does not have gives nothing:
 * another class of the cluster may have it.
 */
function tierOf(annotations: Record<string, string>, tiers: Tiers | null) {
  const picking = {
    tier: annotations[annotationKeys.tier] ?? null,
    priority: annotations[priorityKey] ?? null,
  };
  const picked = tiers === null ? null : pickTier(tiers, picking, new Problems(), []);
  const own = readAnnotations(annotations, new Problems());
  return {
    name: picked?.name ?? "",
    egress: lowered(picked?.tier.egress.guaranteeBits ?? 0, own.egress),
    ingress: lowered(picked?.tier.ingress.guaranteeBits ?? 0, own.ingress),
  };
}

/** What is to be written for one direction. */
type Change =
  | { kind: "none" }
  /** `isOfTier`: the pod asks for nothing itself. */
  | { kind: "request"; mbps: number; isOfTier: boolean }
  | { kind: "annotation"; value: string };

const none: Change = { kind: "none" };

function changeFor(
  direction: Direction,
  { spec, annotations }: Pod,
  ofTierBits: number,
  problems: Problems,
): Change {
  const brought = broughtMbps(spec, direction, problems);
  const key = annotationKeys.guarantee[direction];
  const text = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
  if (text === undefined) {
    const isNothing = brought === 0 && ofTierBits === 0;
    // What the tier gives was requested before: this pod has been here already.
    const isOfTier = Object.hasOwn(annotations, tierMark[direction]);
    if (brought !== null)
      return isNothing || (isOfTier && brought > 0)
        ? none
        : { kind: "annotation", value: `${brought}M` };
    return ofTierBits === 0 ? none : { kind: "request", mbps: mbpsUp(ofTierBits), isOfTier: true };
  }
  // What cannot be read is told with all else that is wrong with the annotations.
  const bits = new Problems().attempt(() => parseGuaranteeBits(text, key));
  if (bits === undefined) return none;
  const mbps = mbpsUp(bits);
  if (brought === null) return mbps === 0 ? none : { kind: "request", mbps, isOfTier: false };
  if (brought !== mbps) problems.add(...contradiction(direction, key, text, mbps, brought));
  return none;
}

function contradiction(
  direction: Direction,
  key: string,
  text: string,
  mbps: number,
  brought: number,
): [string, string, string] {
  const name = resourceNames[direction];
  return [
    key,
    `${JSON.stringify(text)} is ${mbps} Mbit/s, and the pod's containers request ${brought} of ${name}`,
    `Leave out ${key} or ${name}, which gives the other, or make them equal.`,
  ];
}

interface Pod {
  spec: JsonObject;
  annotations: Record<string, string>;
}

/** Adds keys to an object that may not be there. */
function added(
  there: unknown,
  path: string,
  values: Readonly<Record<string, unknown>>,
): Operation[] {
  if (Object.keys(values).length === 0) return [];
  if (!isObject(there)) return [{ op: "add", path, value: values }];
  return Object.entries(values).map(([key, value]) => ({
    op: "add",
    path: `${path}/${pointer(key)}`,
    value,
  }));
}

/** Limits and requests of such a resource have to be equal, and are written as texts. */
function requested(container: JsonObject, requests: Record<string, string>): Operation[] {
  const path = "/spec/containers/0/resources";
  if (!isObject(container.resources))
    return added(null, path, Object.keys(requests).length === 0 ? {} : both(requests));
  return (["limits", "requests"] as const).flatMap((kind) =>
    added(Reflect.get(container.resources ?? {}, kind), `${path}/${kind}`, requests),
  );
}

const both = (requests: Record<string, string>) => ({ limits: requests, requests });

const let_ = (operations: Operation[] = []): Decision => ({ kind: "let", operations });

/** `tiers` are those of the class that is counted by; null means that there is none. */
export function mutate(pod: JsonObject, tiers: Tiers | null): Decision {
  const metadata = isObject(pod.metadata) ? pod.metadata : {};
  const spec = isObject(pod.spec) ? pod.spec : {};
  const annotations = textsOf(metadata.annotations);
  // Refused, or with other requests, it would run all the same, and be seen by nobody or otherwise.
  if (Object.hasOwn(annotations, mirrorKey)) return let_();
  const problems = new Problems();
  try {
    const container = isCounted(spec) ? firstContainer(spec) : null;
    const ofTier = tierOf(annotations, tiers);
    const requests: Record<string, string> = {};
    const written: Record<string, string> = {};
    const marks: Record<string, string> = {};
    for (const direction of container === null ? [] : directions) {
      const change = changeFor(direction, { spec, annotations }, ofTier[direction], problems);
      if (change.kind === "request") {
        requests[resourceNames[direction]] = String(change.mbps);
        if (change.isOfTier) marks[tierMark[direction]] = ofTier.name;
      }
      if (change.kind === "annotation") written[annotationKeys.guarantee[direction]] = change.value;
    }
    judgeAnnotations({ ...annotations, ...written }, problems, hasClaims(spec));
    problems.throwIfAny();
    return let_([
      ...added(metadata.annotations, "/metadata/annotations", { ...written, ...marks }),
      ...(container === null ? [] : requested(container, requests)),
    ]);
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
    return { kind: "refused", words: [error.message, error.details].join(". ") };
  }
}
