/**
 * Reads a ResourceClaim (resource.k8s.io/v1) as its driver has to: what it was given of this node's devices, and for
 * which pod. Pure.
 */
import { formatRate, minRateBits, parseRateBits } from "../config/quantities.ts";
import { FairwayError } from "../errors.ts";
import { isObject, type Json, metaOf } from "../kube/objects.ts";
import type { ClaimShare } from "../ledger/claims.ts";
import { bandwidthCapacity, deviceOf, driverName, poolName } from "./names.ts";

/** A claim as the kubelet names it. */
export interface ClaimAsked {
  namespace: string;
  name: string;
  uid: string;
}

export const titleOf = ({ namespace, name }: ClaimAsked): string => `claim ${namespace}/${name}`;

const anew =
  "Delete the pod: one that its controller makes anew has its claims allocated anew, if they come of a template.";

const refuse = (asked: ClaimAsked, what: string, details: string): FairwayError =>
  new FairwayError("promiseRefused", `${titleOf(asked)} ${what}`, details);

const objectsOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** The uid of the one pod that the claim is reserved for. */
function podOf(asked: ClaimAsked, status: Json): string {
  const consumers = objectsOf(status.reservedFor);
  const other = consumers.find(
    ({ resource, apiGroup }) => resource !== "pods" || textOf(apiGroup) !== "",
  );
  if (other !== undefined)
    throw refuse(
      asked,
      `is reserved for ${textOf(other.resource)} ${textOf(other.name)}, which is no pod`,
      "Bandwidth is given to single pods: give each a claim of its own, by resourceClaimTemplateName.",
    );
  const [pod, ...others] = consumers;
  if (pod === undefined || textOf(pod.uid) === "")
    throw refuse(asked, "is reserved for no pod", "The kubelet asks again once it is.");
  if (others.length > 0)
    throw refuse(
      asked,
      `is reserved for ${consumers.length} pods (${consumers.map(({ name }) => textOf(name)).join(", ")}), and what it was given is one pod's`,
      "Give each pod a claim of its own, by resourceClaimTemplateName.",
    );
  return textOf(pod.uid);
}

/** In a claim's status the key is the bare name or the qualified one. */
function rateOf(asked: ClaimAsked, device: string, result: Json): number {
  const consumed = isObject(result.consumedCapacity) ? result.consumedCapacity : {};
  const amount = consumed[bandwidthCapacity] ?? consumed[`${driverName}/${bandwidthCapacity}`];
  if (typeof amount !== "string" && typeof amount !== "number")
    throw refuse(
      asked,
      `was given device ${device} without an amount of ${bandwidthCapacity}`,
      "It needs an API server and a scheduler with consumable capacity (DRAConsumableCapacity, on by default from Kubernetes 1.36 on).",
    );
  const rateBits = parseRateBits(
    amount,
    `the ${bandwidthCapacity} that ${titleOf(asked)} was given`,
  );
  if (rateBits >= minRateBits) return rateBits;
  throw refuse(
    asked,
    `was given ${formatRate(rateBits)} of device ${device}`,
    `Ask for at least ${formatRate(minRateBits)}.`,
  );
}

function shareOf(asked: ClaimAsked, node: string, podUid: string, result: Json): ClaimShare {
  const [pool, device] = [textOf(result.pool), textOf(result.device)];
  if (pool !== poolName(node))
    throw refuse(asked, `was given a device of node ${pool}, and this is node ${node}`, anew);
  const id = deviceOf(device);
  if (id === null)
    throw refuse(asked, `was given device ${device}, and no device of ours is called so`, anew);
  if (result.adminAccess === true)
    throw refuse(
      asked,
      `has admin access to device ${device}, which promises nothing`,
      "Leave adminAccess out of the claim's request.",
    );
  return {
    ...{ claimUid: asked.uid, claimNamespace: asked.namespace, claimName: asked.name, podUid },
    ...{ request: textOf(result.request), device, ...id },
    shareId: textOf(result.shareID) === "" ? null : textOf(result.shareID),
    rateBits: rateOf(asked, device, result),
  };
}

/**
 * What the claim was given of this node's devices, one entry for each; never empty. `found` is what the API server has
 * of that namespace and name. Throws promiseRefused, and badConfig for an amount that is no rate.
 */
export function sharesOf(asked: ClaimAsked, found: unknown, node: string): ClaimShare[] {
  const meta = metaOf(found);
  if (meta?.uid !== asked.uid)
    throw refuse(
      asked,
      `of uid ${asked.uid} is gone: the API server has one of uid ${meta?.uid ?? "none"} in its place`,
      "The pod that had it is being deleted; wait until it is gone.",
    );
  const status = isObject(found) && isObject(found.status) ? found.status : {};
  const { devices } = isObject(status.allocation) ? status.allocation : {};
  const results = objectsOf(isObject(devices) ? devices.results : null).filter(
    ({ driver }) => driver === driverName,
  );
  if (results.length === 0)
    throw refuse(
      asked,
      `was given no device of ${driverName}`,
      "The scheduler allocates a claim before it places the pod: was the pod bound by hand (nodeName)?",
    );
  const podUid = podOf(asked, status);
  return results.map((result) => shareOf(asked, node, podUid, result));
}
