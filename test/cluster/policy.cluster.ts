/**
 * The policies of conf/cluster on a real API server: mistakes are refused at once in words, policy and code have the
 * same verdict on random annotations, and pods get the requests that src/admission/mutate.ts says.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { tiersOfClass } from "../../src/admission/class-tiers.ts";
import { mutate } from "../../src/admission/mutate.ts";
import { patched } from "../../src/admission/patched.ts";
import { tierMark } from "../../src/admission/tier-mark.ts";
import { judgeAnnotations } from "../../src/admission/verdict.ts";
import { fairwayKeys } from "../../src/config/annotations.ts";
import { Problems } from "../../src/config/problems.ts";
import { nearest } from "../../src/config/suggest.ts";
import { kubeconfigAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { annotationSets, misspelt } from "../support/annotation-sets.ts";
import { repository } from "../support/binary.ts";
import { type ApiServer, apiServer } from "./api-server.ts";
import type { Json } from "./kubectl.ts";
import {
  annotated,
  lowered,
  podOf,
  shapes,
  type Texts,
  tiers,
  workloads,
  wrong,
} from "./policy-shapes.ts";
import { hasApiServer } from "./tools.ts";
import { type Answer, comparable, each, podsPath, resourcesOf, triedBy } from "./tried.ts";

const limitMs = 180_000;
const title = (text: string): string => (hasApiServer ? text : `${text} (needs Go)`);
const policyTest = (text: string, act: () => Promise<void>): void =>
  test.skipIf(!hasApiServer)(title(text), act, limitMs);

const file = (name: string): string => readFileSync(join(repository, "conf/cluster", name), "utf8");
const seed = Number(process.env.POLICY_SEED ?? 20);
const sets = 2_000;
/** The client keeps no more of a message. */
const cutAt = 480;
const bandwidthClass = {
  apiVersion: "fairway.dev/v1alpha1",
  kind: "BandwidthClass",
  metadata: { name: "default" },
  spec: { tiers, defaultTier: "floor" },
};

let server: ApiServer;
let client: KubeClient;

const tried = (pod: Json, path?: string): Promise<Answer> => triedBy(client, pod, path);

async function refusalOf(manifest: Json): Promise<{ code: number | null; stderr: string }> {
  const { code, stderr } = await server.tryKubectl(["apply", "-f", "-"], {
    stdin: JSON.stringify(manifest),
  });
  return { code, stderr };
}

beforeAll(async () => {
  if (!hasApiServer) return;
  server = await apiServer();
  client = new KubeClient(kubeconfigAccess(server.kubeconfig), "fairway-test");
  await server.until("there is a default namespace", async () => {
    const { code } = await server.tryKubectl(["get", "namespace", "default"]);
    return code === 0;
  });
  await server.tryKubectl(["create", "serviceaccount", "default"]);
  await server.apply(file("bandwidthclass.yaml"));
  await server.kubectl("wait", "--for=condition=Established", "crd/bandwidthclasses.fairway.dev");
  await server.until(
    "there may be a class",
    async () => (await server.apply(bandwidthClass)) !== "",
  );
  await server.apply(file("annotations-policy.yaml"));
  await server.apply(file("guarantees-policy.yaml"));
  await server.until("the policies are in force", async () => {
    const refused = await tried(podOf("a", { annotations: { teir: "x" } }));
    const given = await tried(
      podOf("a", { annotations: { tier: "high", "ingress-guarantee": "1M" } }),
    );
    const { limits } = resourcesOf(given.object);
    return (
      refused.words !== "" &&
      limits?.[names.egress] !== undefined &&
      limits[names.ingress] !== undefined
    );
  });
}, limitMs);

afterAll(() => server?.down());

const names = { egress: "fairway.dev/egress-mbps", ingress: "fairway.dev/ingress-mbps" };

describe("a mistake is refused, in words", () => {
  test.skipIf(!hasApiServer).each(wrong)("%s", async (_, manifest, words) => {
    const { code, stderr } = await refusalOf(manifest);
    expect(code).toBe(1);
    expect(stderr).toContain("ValidatingAdmissionPolicy 'fairway-annotations'");
    for (const each of words) expect(stderr).toContain(each);
  });

  test("there are forty and more", () => {
    expect(wrong.length).toBeGreaterThanOrEqual(40);
  });
});

policyTest("what is right is taken, in all that has a pod in it", async () => {
  const annotations = {
    "egress-guarantee": "10M",
    "egress-limit": "20M",
    "latency-target": "1ms",
    tier: "high",
  };
  const right = { ...annotations, "egress-limit": "10M", "kubernetes.io/egress-bandwidth": "5M" };
  for (const [kind, make] of Object.entries(workloads)) {
    const { code, stderr } = await refusalOf(
      make(`right-${kind.toLowerCase()}`, { annotations: right }),
    );
    expect({ kind, code, stderr }).toEqual({ kind, code: 0, stderr: "" });
  }
});

policyTest("policy and code have the same verdict on random annotations", async () => {
  const samples = fc.sample(annotationSets, { seed, numRuns: sets });
  const differ: unknown[] = [];
  let taken = 0;
  await each(samples, async (annotations, at) => {
    const pod = podOf(`s${at}`, {});
    (pod as { metadata: Json }).metadata.annotations = annotations;
    const problems = new Problems();
    let code = "";
    try {
      judgeAnnotations(annotations, problems);
      problems.throwIfAny();
    } catch (error) {
      code = String(error);
    }
    const { object, words } = await tried(pod);
    if (words === "") taken++;
    const isSame =
      (code === "") === (words === "") && (words === "" || words.includes("fairway-annotations"));
    // Whatever the code names, the policy names.
    const unnamed = Object.keys(annotations).filter(
      (key) => code.includes(`${key}: `) && !words.includes(key) && words.length < cutAt,
    );
    const decided = mutate(pod, tiersOfClass(bandwidthClass));
    const isSameRequest =
      object === null || decided.kind === "refused"
        ? (object === null) === (decided.kind === "refused")
        : Bun.deepEquals(comparable(object), comparable(patched(pod, decided.operations)));
    if (!isSame || unnamed.length > 0 || !isSameRequest)
      differ.push({
        annotations,
        code,
        words,
        unnamed,
        isSameRequest,
        decided: JSON.stringify(decided),
        got: JSON.stringify(object && comparable(object)),
      });
  });
  console.log(
    `seed ${seed}: ${taken} of ${sets} random sets were taken; POLICY_SEED is another seed`,
  );
  expect(differ.slice(0, 5)).toEqual([]);
  expect(taken).toBeGreaterThan(sets / 5);
  expect(taken).toBeLessThan((4 * sets) / 5);
});

policyTest("a key with a slip of the hand is told the key that the code would tell", async () => {
  const keys = [...new Set(fc.sample(misspelt, { seed, numRuns: 300 }))].filter(
    (key) => !fairwayKeys.includes(key),
  );
  const others: unknown[] = [];
  await each(keys, async (key, at) => {
    const { words } = await tried(podOf(`k${at}`, { annotations: { [key]: "1M" } }));
    const [, told = null] = /Did you mean "([^"]+)"/.exec(words) ?? [];
    const meant = nearest(key, fairwayKeys);
    if (told !== meant) others.push({ key, told, meant });
  });
  console.log(
    `${others.length} of ${keys.length} keys are told another key than suggest.ts would tell`,
  );
  expect(others.length).toBeLessThan(keys.length / 20);
});

describe("requests", () => {
  test.skipIf(!hasApiServer).each(shapes)("%s", async (_, shape) => {
    const pod = podOf("shape", shape);
    const decided = mutate(pod, tiersOfClass(bandwidthClass));
    if (decided.kind === "refused") throw new Error(decided.words);
    const { object, words } = await tried(pod);
    expect(words).toBe("");
    expect(comparable(object ?? {})).toEqual(comparable(patched(pod, decided.operations)));
  });

  test.skipIf(!hasApiServer).each(lowered)(
    "a tier's guarantee, lowered %s",
    async (_, annotations, mbps) => {
      const { object } = await tried(podOf("shape", { annotations }));
      const { limits } = resourcesOf(object);
      expect({ egress: limits?.[names.egress], ingress: limits?.[names.ingress] }).toEqual({
        egress: mbps.egress === "2000" ? "2k" : mbps.egress,
        ingress: mbps.ingress,
      });
    },
  );

  policyTest(
    "what a tier gave is asked for again, and is no guarantee of the pod's own",
    async () => {
      const { object } = await tried(podOf("again", { annotations: { tier: "high" } }));
      const { metadata, spec } = object as unknown as {
        metadata: { annotations: Texts };
        spec: Json;
      };
      expect(metadata.annotations).toEqual({
        ...annotated({ tier: "high" }),
        [tierMark.egress]: "high",
        [tierMark.ingress]: "high",
      });
      const again = await tried({
        ...{ apiVersion: "v1", kind: "Pod", spec },
        metadata: { name: "again-2", annotations: metadata.annotations },
      });
      expect(comparable(again.object ?? {})).toEqual(comparable(object ?? {}));
    },
  );

  policyTest("a copy of a static pod is left as it is", async () => {
    const annotations = {
      "egress-guarantee": "3M",
      nonsense: "1",
      "kubernetes.io/config.mirror": "x",
    };
    const pod = podOf("mirror", { annotations, spec: { nodeName: "n" } });
    const { object, words } = await tried(pod);
    expect(words).not.toContain("fairway-annotations");
    if (object !== null) expect(resourcesOf(object)).toEqual({});
  });
});

/** Makes what the policy would refuse, as if it had been there before. */
async function withoutPolicy(act: () => Promise<void>): Promise<void> {
  const binding = ["validatingadmissionpolicybinding", "fairway-annotations"];
  await server.kubectl("delete", ...binding);
  await server.until(
    "nothing is refused",
    async () => (await tried(podOf("x", { annotations: { teir: "" } }))).words === "",
  );
  await act();
  await server.apply(file("annotations-policy.yaml"));
  await server.until(
    "it is refused again",
    async () => (await tried(podOf("x", { annotations: { teir: "" } }))).words !== "",
  );
}

policyTest("what was wrong before is in nobody's way", async () => {
  await withoutPolicy(async () => {
    await server.apply(podOf("former", { annotations: { "egress-guarantee": "lots", teir: "x" } }));
    await server.apply(workloads.Deployment?.("former", { annotations: { teir: "x" } }) ?? {});
  });
  await server.kubectl("label", "pod", "former", "a=b");
  await server.kubectl("annotate", "pod", "former", "other/key=v");
  const patch = (value: unknown, ...more: string[]): Promise<string> =>
    server.kubectl("patch", "pod", "former", ...more, "--type=merge", "-p", JSON.stringify(value));
  await patch({ metadata: { finalizers: ["a.b/c"] } });
  await patch({ metadata: { finalizers: null } });
  await patch({ status: { message: "m" } }, "--subresource=status");
  await server.kubectl("scale", "deployment", "former", "--replicas=2");
  await server.kubectl("set", "image", "deployment/former", "c0=other");
  const half = await server.tryKubectl(["annotate", "pod", "former", "fairway.dev/teir-"]);
  expect(half.stderr).toContain('"lots" is not a rate');
  const wrongNow = await server.tryKubectl([
    "annotate",
    "pod",
    "former",
    "--overwrite",
    "fairway.dev/egress-guarantee=more",
  ]);
  expect(wrongNow.stderr).toContain('"more" is not a rate');
  const template = {
    spec: { template: { metadata: { annotations: { "fairway.dev/tire": "x" } } } },
  };
  const patchedTemplate = await server.tryKubectl([
    "patch",
    "deployment",
    "former",
    "-p",
    JSON.stringify(template),
  ]);
  expect(patchedTemplate.stderr).toContain("unknown annotation");
  await server.kubectl(
    "annotate",
    "pod",
    "former",
    "--overwrite",
    "fairway.dev/teir-",
    "fairway.dev/egress-guarantee=5M",
  );
  await server.kubectl("delete", "pod", "former", "--force", "--grace-period=0");
});

policyTest(
  "a class that is not there, and a kind that is not there, keep no pod away",
  async () => {
    await server.kubectl("create", "serviceaccount", "default", "-n", "kube-system");
    const inSystem = (): Promise<Answer> =>
      tried(
        podOf("system", { annotations: { tier: "high" } }, "kube-system"),
        podsPath("kube-system"),
      );
    await server.kubectl("delete", "bandwidthclass", "default");
    await server.until(
      "the class is gone",
      async () => resourcesOf((await inSystem()).object).limits === undefined,
    );
    expect((await inSystem()).words).toBe("");
    await server.kubectl("delete", "crd", "bandwidthclasses.fairway.dev");
    for (let tries = 0; tries < 20; tries++) {
      expect((await inSystem()).words).toBe("");
      await Bun.sleep(100);
    }
    const { object } = await tried(podOf("own", { annotations: { "egress-guarantee": "3M" } }));
    expect(resourcesOf(object).limits?.[names.egress]).toBe("3");
  },
);
