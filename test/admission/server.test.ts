/** The webhook's server over real HTTPS: what it answers to reviews, to what is none, and while it is exchanged. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:tls";
import { type KeyPair, makeCertificate } from "../../src/admission/certificate.ts";
import type { Operation } from "../../src/admission/mutate.ts";
import { ReviewServer } from "../../src/admission/server.ts";
import { tierMark } from "../../src/admission/tier-mark.ts";
import { Problems } from "../../src/config/problems.ts";
import { Section } from "../../src/config/section.ts";
import { parseTiers } from "../../src/config/tiers.ts";
import { podOf, tiers, workloads } from "../cluster/policy-shapes.ts";

const newPair = (): KeyPair =>
  makeCertificate({
    names: ["localhost"],
    fromMs: Date.now() - 60_000,
    untilMs: Date.now() + 3_600_000,
  });

const counted = {
  tiers: parseTiers(new Section(tiers, "", new Problems())),
  defaultTier: null,
};
let isReady = false;
const server = new ReviewServer({
  ...{ port: 0, hostname: "127.0.0.1" },
  tiers: () => counted,
  isReady: () => isReady,
});
let pair = newPair();

beforeAll(() => server.serve(pair));
afterAll(() => server.stop());

async function ask(path: string, body?: string, method = body === undefined ? "GET" : "POST") {
  const response = await fetch(`https://localhost:${server.port}${path}`, {
    ...{ method, tls: { ca: pair.authority } },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text() };
}

const reviewOf = (resource: string, object: unknown, oldObject: unknown = null) => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: { uid: "u-1", resource: { resource }, object, oldObject },
});

interface Answer {
  uid: string;
  allowed: boolean;
  patch?: string;
  patchType?: string;
  status?: { message: string };
}

async function answerTo(path: string, review: unknown): Promise<Answer> {
  const { status, text } = await ask(path, JSON.stringify(review));
  expect({ status, text }).toMatchObject({ status: 200 });
  return (JSON.parse(text) as { response: Answer }).response;
}

const patchIn = ({ patch = "" }: Answer): Operation[] =>
  JSON.parse(Buffer.from(patch, "base64").toString()) as Operation[];

test("it is ready when everything is known, and healthy before", async () => {
  expect((await ask("/healthz")).status).toBe(200);
  expect((await ask("/readyz")).status).toBe(503);
  isReady = true;
  expect((await ask("/readyz")).status).toBe(200);
});

test("a guarantee becomes requests and limits", async () => {
  const pod = podOf("a", { annotations: { "egress-guarantee": "100M" } });
  const answer = await answerTo("/mutate", reviewOf("pods", pod));
  expect(answer).toMatchObject({ uid: "u-1", allowed: true, patchType: "JSONPatch" });
  const requests = { "fairway.dev/egress-mbps": "100" };
  expect(patchIn(answer)).toEqual([
    { op: "add", path: "/spec/containers/0/resources", value: { limits: requests, requests } },
  ]);
});

test("what a tier gave is marked, and is not taken for the pod's own when it is asked again", async () => {
  const pod = podOf("a", { annotations: { tier: "high" } });
  const [marks, resources] = patchIn(await answerTo("/mutate", reviewOf("pods", pod))).slice(-2);
  const given = { [tierMark.egress]: "high", [tierMark.ingress]: "high" };
  expect(resources?.path).toBe("/spec/containers/0/resources");
  const again = structuredClone(pod) as {
    metadata: { annotations: Record<string, string> };
    spec: { containers: { resources?: unknown }[] };
  };
  Object.assign(again.metadata.annotations, given);
  const [container] = again.spec.containers;
  if (container !== undefined) container.resources = resources?.value;
  expect(marks?.path).toContain("/metadata/annotations/scheduling.fairway.dev~1ingress-tier");
  expect(await answerTo("/mutate", reviewOf("pods", again))).toEqual({ uid: "u-1", allowed: true });
});

describe("mistakes are refused, with words", () => {
  const wrong = { annotations: { "egress-garantee": "100M" } };
  test.each(Object.keys(workloads))("in the template of a %s", async (kind) => {
    const resource = `${kind.toLowerCase()}s`;
    const object = workloads[kind]?.("a", wrong);
    const answer = await answerTo("/validate", reviewOf(resource, object));
    expect(answer).toMatchObject({ allowed: false });
    expect(answer.status?.message).toContain('Did you mean "fairway.dev/egress-guarantee"?');
  });

  test.each(["/mutate", "/validate"])("in a pod, by %s", async (path) => {
    const answer = await answerTo(path, reviewOf("pods", podOf("a", wrong)));
    expect(answer).toMatchObject({ uid: "u-1", allowed: false, status: { code: 422 } });
  });

  test("but for what was wrong before", async () => {
    const [object, before] = [podOf("a", wrong), podOf("a", wrong)];
    expect((await answerTo("/validate", reviewOf("pods", object, before))).allowed).toBe(true);
    const changed = podOf("a", { annotations: { "egress-garantee": "200M" } });
    expect((await answerTo("/validate", reviewOf("pods", changed, before))).allowed).toBe(false);
    const brings = podOf("a", { ...wrong, containers: [{ egress: "3" }] });
    expect((await answerTo("/validate", reviewOf("pods", brings, before))).allowed).toBe(false);
  });
});

describe("what is no review is told so", () => {
  const review = reviewOf("pods", podOf("a", {}));
  const { request } = review;
  test.each<[string, string, unknown, number, string]>([
    ["another path", "/other", review, 404, "/mutate, /validate are answered"],
    ["no JSON", "/mutate", "{", 400, "the body is no JSON"],
    ["nothing", "/mutate", "", 400, "the body is no JSON"],
    ["another kind", "/mutate", { ...review, kind: "Pod" }, 400, "no AdmissionReview"],
    ["another version", "/mutate", { ...review, apiVersion: "v1" }, 400, "no AdmissionReview"],
    ["no request", "/mutate", { ...review, request: 1 }, 400, "no request with a uid"],
    ["no uid", "/mutate", { ...review, request: { ...request, uid: "" } }, 400, "with a uid"],
    ["no object", "/mutate", reviewOf("pods", null), 400, "has no object"],
    [
      "a subresource",
      "/validate",
      { ...review, request: { ...request, subResource: "status" } },
      400,
      "the subresource status",
    ],
    [
      "what is no pod",
      "/mutate",
      reviewOf("deployments", workloads.Deployment?.("a", {})),
      400,
      "these are deployments",
    ],
  ])("%s", async (_, path, body, status, words) => {
    const answer = await ask(path, typeof body === "string" ? body : JSON.stringify(body));
    expect(answer).toEqual({ status, text: expect.stringContaining(words) });
  });

  test("another method", async () => {
    expect((await ask("/mutate")).status).toBe(405);
  });

  test("too many bytes", async () => {
    expect((await ask("/mutate", "x".repeat(9 * 1024 * 1024))).status).toBe(413);
  });
});

/** What comes after `sent`, when the other side ends the connection. */
const sent = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: server.port ?? 0, host: "localhost", ca: pair.authority });
    let came = "";
    socket.on("secureConnect", () => socket.write(text));
    socket.on("data", (chunk) => {
      came += chunk.toString();
      socket.end();
    });
    socket.on("close", () => resolve(came));
    socket.on("error", reject);
  });

test("whoever does not send the whole body is cut off", async () => {
  const head = "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{";
  expect(await sent(head)).toMatch(/^(HTTP\/1\.1 408|$)/);
}, 30_000);

test("another certificate is served at the same place, while reviews come", async () => {
  const former = pair;
  const port = server.port;
  const next = newPair();
  await server.serve(next);
  pair = next;
  expect(server.port).toBe(port);
  expect((await ask("/healthz")).status).toBe(200);
  pair = former;
  expect(ask("/healthz")).rejects.toThrow();
  pair = next;
});
