/**
 * The webhook as processes beside a real API server, by what the chart makes for it: the same answers as the policies',
 * one certificate of two replicas, its renewal, its rights, and pods while it is away.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "../../src/admission/certificate.ts";
import { keeping, keptIn } from "../../src/admission/secret.ts";
import { mistakesIn } from "../../src/admission/validate.ts";
import { hasHelm } from "../chart/helm.ts";
import { repository } from "../support/binary.ts";
import type { Json } from "./kubectl.ts";
import { podOf, shapes, tiers, wrong } from "./policy-shapes.ts";
import { randomPods } from "./random-pods.ts";
import { hasApiServer } from "./tools.ts";
import { type Answer, comparable, resourcesOf } from "./tried.ts";
import { type Beside, besideApiServer, name, namespace, type Replica } from "./webhook-beside.ts";

const isThere = hasApiServer && hasHelm;
const limitMs = 120_000;
const webhookTest = (text: string, act: () => Promise<void>): void =>
  test.skipIf(!isThere)(isThere ? text : `${text} (needs Go)`, act, limitMs);

const seed = Number(process.env.POLICY_SEED ?? 20);
const pods = [
  ...shapes.map(([, shape], at) => podOf(`s${at}`, shape)),
  ...randomPods(seed, 200),
] as const;
const guaranteed = podOf("a", { annotations: { tier: "high", "egress-guarantee": "7M" } });
const mistaken = podOf("a", { annotations: { teir: "high" } });
const configurations = ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];
const policies = ["annotations-policy.yaml", "guarantees-policy.yaml"].map((file) =>
  readFileSync(join(repository, "conf/cluster", file), "utf8"),
);

let beside: Beside;
let one: Replica;
let two: Replica;
let byPolicies: Answer[] = [];

const egressOf = ({ object }: Answer): string | undefined =>
  resourcesOf(object).requests?.["fairway.dev/egress-mbps"];

/** Whether somebody gives requests, by annotation and by tier, and refuses mistakes. */
async function isJudged(): Promise<boolean> {
  const [taken, refused] = await beside.ask([guaranteed, mistaken]);
  if (taken === undefined || refused === undefined) return false;
  const { requests = {} } = resourcesOf(taken.object);
  return Object.keys(requests).length === 2 && refused.object === null;
}

/** Whether pods are taken as they are. */
const isLeft = async (): Promise<boolean> =>
  (await beside.ask([guaranteed, mistaken])).every(
    (answer) => answer.object !== null && egressOf(answer) === undefined,
  );

const secret = (): Promise<Json> => beside.server.get("secret", name, namespace);
async function kept() {
  const found = keptIn(await secret());
  if (found === null) throw new Error("nothing is kept yet");
  return found;
}

/** By whom the API server trusts the webhooks, as PEM. */
async function trusted(): Promise<string[]> {
  const found: string[] = [];
  for (const kind of configurations) {
    const { webhooks } = await beside.server.get<{
      webhooks: { clientConfig: { caBundle?: string } }[];
    }>(kind, name);
    for (const { clientConfig } of webhooks)
      found.push(Buffer.from(clientConfig.caBundle ?? "", "base64").toString());
  }
  return found;
}

async function untilBothServe(): Promise<void> {
  await beside.server.until("both show what is kept", async () => {
    const { certificate } = await kept();
    const shown = [await beside.shown("one"), await beside.shown("two")];
    return shown.every((each) => each === certificate);
  });
  await beside.server.until("pods are judged", isJudged);
}

beforeAll(async () => {
  if (!isThere) return;
  beside = await besideApiServer("scheduling.webhook.run=always");
  const { server } = beside;
  const crd = "crd/bandwidthclasses.fairway.dev";
  await server.kubectl("wait", "--for=condition=Established", crd, "--timeout=30s");
  const bandwidthClass = {
    ...{ apiVersion: "fairway.dev/v1alpha1", kind: "BandwidthClass" },
    ...{ metadata: { name: "default" }, spec: { tiers, defaultTier: "floor" } },
  };
  await server.until("there may be a class", async () => {
    await server.apply(bandwidthClass);
    return true;
  });
  // No replica answers yet, which keeps nobody away.
  for (const policy of policies) await server.apply(policy);
  await server.until("the policies are in force", isJudged);
  byPolicies = await beside.ask(pods);
  for (const policy of policies)
    await server.tryKubectl(["delete", "-f", "-", "--wait=false"], { stdin: policy });
  await server.until("the policies are gone", isLeft);
  [one, two] = await Promise.all([beside.start("one"), beside.start("two")]);
  await untilBothServe();
}, limitMs);

afterAll(() => beside?.down());

webhookTest("two replicas that start together have one certificate, which is trusted", async () => {
  const logs = one.log() + two.log();
  console.log(logs);
  expect(logs.match(/another certificate is made/g)).toHaveLength(1);
  expect(logs).not.toContain('"level":50');
  const { authority } = await kept();
  expect(await trusted()).toEqual([authority, authority]);
});

webhookTest(
  "policies and webhook make the same of 200 random pods, and of all shapes",
  async () => {
    const byWebhook = await beside.ask(pods);
    const differ = pods.flatMap((pod, at) => {
      const answers = [byPolicies[at], byWebhook[at]] as const;
      const [policy, webhook] = answers.map((of) => (of?.object ? comparable(of.object) : null));
      return Bun.deepEquals(policy, webhook)
        ? []
        : [JSON.stringify({ pod, policy, webhook, words: answers.map((of) => of?.words) })];
    });
    const taken = byWebhook.filter(({ object }) => object !== null);
    const counted = taken.filter(({ object }) => JSON.stringify(object).includes("-mbps"));
    console.log(`seed ${seed}: ${taken.length} of ${pods.length} taken, ${counted.length} counted`);
    expect(differ.slice(0, 5)).toEqual([]);
    expect(taken.length).toBeGreaterThan(pods.length / 3);
    expect(taken.length).toBeLessThan(pods.length);
    expect(counted.length).toBeGreaterThan(pods.length / 5);
  },
);

webhookTest("what it has made of a pod it leaves so", async () => {
  const made = (await beside.ask(pods)).flatMap(({ object }): Json[] =>
    object === null ? [] : [object],
  );
  const again = await beside.ask(
    made.map((object) => {
      const { metadata, spec } = object as { metadata: Json; spec: Json };
      const { name: of, namespace: within, annotations } = metadata;
      const own = { name: of, namespace: within, ...(annotations ? { annotations } : {}) };
      return { apiVersion: "v1", kind: "Pod", metadata: own, spec };
    }),
  );
  expect(again.map(({ object, words }) => (object ? comparable(object) : words))).toEqual(
    made.map(comparable),
  );
});

const pluralOf = ({ kind }: Json): string => `${String(kind).toLowerCase()}s`;

webhookTest("mistakes are refused, in all that has a pod in it", async () => {
  const list = { apiVersion: "v1", kind: "List", items: wrong.map(([, manifest]) => manifest) };
  const { code, stderr } = await beside.server.tryKubectl(["apply", "-f", "-"], {
    stdin: JSON.stringify(list),
  });
  expect(code).toBe(1);
  const refused = stderr.match(/admission webhook "(mutating|validating).fairway.dev" denied/g);
  expect(refused).toHaveLength(wrong.length);
  expect(refused?.some((each) => each.includes("validating"))).toBe(true);
  // Whole, and in the words of the plugin.
  for (const [, object] of wrong) {
    const words = mistakesIn({ resource: pluralOf(object), object, before: null });
    expect(stderr).toContain(words ?? "nothing is wrong with it");
  }
});

webhookTest("kube-system is not asked about", async () => {
  const pod = podOf("a", { annotations: { teir: "x", "egress-guarantee": "7M" } }, namespace);
  const asked = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
  const { code, stdout } = await beside.server.tryKubectl(asked, { stdin: JSON.stringify(pod) });
  expect(code).toBe(0);
  expect(resourcesOf(JSON.parse(stdout) as Json)).toEqual({});
});

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** What the webhook may do in a namespace, beside what everybody may. */
async function rulesIn(within: string): Promise<string[]> {
  const everybodys = await rulesOf("default", within);
  return (await rulesOf(name, within)).filter((each) => !everybodys.includes(each));
}

async function rulesOf(account: string, within: string): Promise<string[]> {
  const review = {
    ...{ apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview" },
    spec: { namespace: within },
  };
  const as = [
    `--as=system:serviceaccount:${namespace}:${account}`,
    ...["authenticated", "serviceaccounts", `serviceaccounts:${namespace}`].map(
      (each) => `--as-group=system:${each}`,
    ),
  ];
  const { stdout, stderr } = await beside.server.tryKubectl(
    ["create", "--validate=false", "-o", "json", "-f", "-", ...as],
    { stdin: JSON.stringify(review) },
  );
  if (stdout === "") throw new Error(stderr);
  const { status } = JSON.parse(stdout) as { status: { resourceRules: Rule[] } };
  return status.resourceRules
    .filter(({ apiGroups }) => !/^auth/.test(apiGroups.join()))
    .map(({ resources, resourceNames = [], verbs }) =>
      [resources, resourceNames, verbs].map((each) => each.join(",")).join(" "),
    )
    .toSorted();
}

webhookTest("its rights are these and no more", async () => {
  const everywhere = [
    "bandwidthclasses default list,watch",
    "mutatingwebhookconfigurations,validatingwebhookconfigurations fairway-webhook get,patch",
  ];
  expect(await rulesIn("default")).toEqual(everywhere);
  expect(await rulesIn(namespace)).toEqual([...everywhere, "secrets fairway-webhook get,patch"]);
});

webhookTest("what it may not read is named in its log", async () => {
  const { server } = beside;
  const rules = (await rulesIn(namespace)).length;
  const lacking: [string, string[], string[]][] = [
    ["RoleBinding", ["-n", namespace], [`secrets "${name}" is forbidden`]],
    [
      "ClusterRoleBinding",
      [],
      [
        `${configurations[0]}s.admissionregistration.k8s.io "${name}" is forbidden`,
        "class default",
      ],
    ],
  ];
  for (const [kind, within, words] of lacking) {
    await server.kubectl("delete", kind, name, ...within);
    await server.until(
      "the rights are gone",
      async () => (await rulesIn(namespace)).length < rules,
    );
    await two.kill();
    two = await beside.start("two");
    for (const each of words)
      await server.until(`it says: ${each}`, async () =>
        two.log().includes(JSON.stringify(each).slice(1, -1)),
      );
    await server.apply(beside.made(kind) as unknown as Json);
  }
  // It tries again by itself.
  await untilBothServe();
});

webhookTest("while it hangs, pods come as they are", async () => {
  for (const replica of [one, two]) replica.signal("SIGSTOP");
  try {
    expect(await isLeft()).toBe(true);
  } finally {
    for (const replica of [one, two]) replica.signal("SIGCONT");
  }
  await beside.server.until("pods are judged", isJudged);
});

webhookTest("it is renewed while pods come, and what somebody replaced is put back", async () => {
  const { server } = beside;
  const former = await kept();
  const { metadata } = (await secret()) as { metadata: { resourceVersion: string } };
  const [hourMs, dayMs] = [3_600_000, 24 * 3_600_000];
  const ending = makeCertificate({
    names: [`${name}.${namespace}.svc`],
    fromMs: Date.now() - hourMs,
    untilMs: Date.now() + 29 * dayMs,
  });
  // As after two months: the replicas that run show another one than what is kept.
  const instead = { ...ending, authority: ending.authority + former.authority };
  const put = JSON.stringify(keeping(instead, metadata.resourceVersion));
  await server.kubectl("patch", "secret", name, "-n", namespace, "--type=merge", "-p", put);
  const nobody = JSON.stringify([{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }]);
  const change = ["patch", "validatingwebhookconfiguration", name, "--type=json", "-p", nobody];
  await server.kubectl(...change);
  const many = Array.from({ length: 32 }, () => guaranteed);
  let [asked, missed] = [0, 0];
  // Whichever looks first makes it, while it serves; the other one follows.
  await server.until("both show another one", async () => {
    const answers = await beside.ask(many);
    asked += answers.length;
    missed += answers.filter((answer) => egressOf(answer) !== "7").length;
    const shown = [await beside.shown("one"), await beside.shown("two")];
    const { certificate } = await kept();
    return certificate !== ending.certificate && shown.every((each) => each === certificate);
  });
  console.log(`${asked} pods meanwhile, ${missed} of them not counted`);
  // A connection that comes in the moment in which the former listener ends is refused.
  expect(missed).toBeLessThanOrEqual(1);
  const next = await kept();
  expect(next.certificate).not.toBe(former.certificate);
  expect((one.log() + two.log()).match(/another certificate is made: it ends at/g)).toHaveLength(1);
  const lastsMs = Date.parse(new X509Certificate(next.certificate).validTo) - Date.now();
  expect(lastsMs).toBeGreaterThan(89 * dayMs);
  // A replica that has not looked yet would be trusted, too.
  expect(next.authority).toContain(former.authority);
  expect(await trusted()).toEqual([next.authority, next.authority]);
  await server.until("pods are judged", isJudged);
});

webhookTest("told to end, it answers on for a while; then pods come as they are", async () => {
  const ended = Promise.all([one.end(), two.end()]);
  expect(await isJudged()).toBe(true);
  await ended;
  expect(await isLeft()).toBe(true);
  [one, two] = await Promise.all([beside.start("one"), beside.start("two")]);
  await untilBothServe();
});

webhookTest("a Secret that is lost is missed by name, and filled again", async () => {
  const { server } = beside;
  await server.kubectl("delete", "secret", name, "-n", namespace);
  await two.kill();
  two = await beside.start("two");
  const words = `there is no Secret ${namespace}/${name}`;
  await server.until(`it says: ${words}`, async () => two.log().includes(words));
  await server.apply(beside.made("Secret") as unknown as Json);
  await server.until("it serves", async () => {
    const { certificate } = await kept();
    return certificate === (await beside.shown("two"));
  });
});
