/** An AdmissionReview of admission.k8s.io/v1, from its text to its answer. Pure. */
import { isObject, type JsonObject } from "../config/section.ts";
import type { Tiers } from "../promise/tiers.ts";
import { mutate } from "./mutate.ts";
import { mistakesIn } from "./validate.ts";

/** Which of the webhook's two paths was asked. */
export type Question = "mutate" | "validate";

interface Asked {
  uid: string;
  resource: string;
  object: JsonObject;
  before: JsonObject | null;
}

export type Reviewed =
  | { ok: true; review: JsonObject }
  /** It was no review: `words` say what it was. */
  | { ok: false; words: string };

const apiVersion = "admission.k8s.io/v1";
const kind = "AdmissionReview";

/** In words what is not as it has to be. */
function askedIn(text: string): Asked | string {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch {
    return "the body is no JSON";
  }
  if (!isObject(review) || review.apiVersion !== apiVersion || review.kind !== kind)
    return `the body is no ${kind} of ${apiVersion}`;
  const { request } = review;
  if (!isObject(request) || typeof request.uid !== "string" || request.uid === "")
    return `the ${kind} has no request with a uid`;
  const { uid, object, oldObject, resource, subResource = "" } = request;
  if (!isObject(resource) || typeof resource.resource !== "string")
    return "the request names no resource";
  if (subResource !== "") return `the request is for the subresource ${String(subResource)}`;
  if (!isObject(object)) return "the request has no object: only CREATE and UPDATE are answered";
  return {
    uid,
    resource: resource.resource,
    object,
    before: isObject(oldObject) ? oldObject : null,
  };
}

/** The API server shows `message` to whoever has applied the object. */
const refusal = (message: string): JsonObject => ({
  allowed: false,
  status: { status: "Failure", reason: "Invalid", code: 422, message },
});

function answerTo(question: Question, asked: Asked, tiers: Tiers | null): JsonObject {
  if (question === "validate") {
    const words = mistakesIn(asked);
    return words === null ? { allowed: true } : refusal(words);
  }
  const decision = mutate(asked.object, tiers);
  if (decision.kind === "refused") return refusal(decision.words);
  if (decision.operations.length === 0) return { allowed: true };
  const patch = Buffer.from(JSON.stringify(decision.operations)).toString("base64");
  return { allowed: true, patchType: "JSONPatch", patch };
}

/** `tiers` are those of the class that is counted by; null means that there is none. */
export function reviewed(question: Question, text: string, tiers: Tiers | null): Reviewed {
  const asked = askedIn(text);
  if (typeof asked === "string") return { ok: false, words: asked };
  if (question === "mutate" && asked.resource !== "pods")
    return { ok: false, words: `only pods are given requests, and these are ${asked.resource}` };
  const response = { uid: asked.uid, ...answerTo(question, asked, tiers) };
  return { ok: true, review: { apiVersion, kind, response } };
}
