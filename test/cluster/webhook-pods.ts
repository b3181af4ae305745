/** The webhook as a Deployment of the image, by the chart: pods are counted by it, and come while it is away. */
import { expect } from "bun:test";
import { expectDefaults, expectQuota } from "./budget.ts";
import type { Cluster } from "./cluster.ts";
import type { Json } from "./kubectl.ts";
import { egress, pod } from "./manifests.ts";
import { readyAddress } from "./pods.ts";
import { namespace, type Release } from "./release.ts";
import { resourcesOf } from "./tried.ts";

const name = "fairway-webhook";
const deployment = `deployment/${name}`;
const own = ["-n", namespace];
const selector = [...own, "-l", `app.kubernetes.io/name=${name}`];

async function tell(cluster: Cluster): Promise<void> {
  for (const args of [
    ["get", "pods", ...selector, "-o", "wide"],
    ["describe", "pods", ...selector],
    ["logs", ...selector, "--prefix", "--tail=30"],
  ]) {
    const { stdout, stderr } = await cluster.tryKubectl(args);
    console.log(`$ kubectl ${args.join(" ")}\n${stdout}${stderr}`);
  }
}

const requestsOf = async (cluster: Cluster, of: string) =>
  resourcesOf(await cluster.get<Json>("pod", of)).requests ?? {};

/** What the API server makes of a pod that it does not keep. */
async function isCounted(cluster: Cluster): Promise<boolean> {
  const asked = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
  const { stdout } = await cluster.tryKubectl(asked, {
    stdin: JSON.stringify(pod("tried", { annotations: egress("1M") })),
  });
  return resourcesOf(JSON.parse(stdout) as Json).requests !== undefined;
}

/** What only the webhook itself writes: its certificate, and by whom it is trusted. */
async function ownWords(cluster: Cluster): Promise<string> {
  const { data } = await cluster.get<{ data: Json }>("secret", name, namespace);
  const found: unknown[] = [data];
  for (const kind of ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"]) {
    const { webhooks } = await cluster.get<{ webhooks: { clientConfig: Json }[] }>(kind, name);
    found.push(...webhooks.map(({ clientConfig }) => clientConfig.caBundle));
  }
  return JSON.stringify(found);
}

/** Budgets by the policies, then by the webhook in their place; leaves the policies. */
export async function webhookByChart(cluster: Cluster, release: Release): Promise<void> {
  const policies = async (): Promise<string> =>
    await cluster.kubectl("get", "mutatingadmissionpolicies", "-o", "name");
  await expectQuota(cluster, "by-policies");
  await expectDefaults(cluster, "by-policies-range");
  // The API server asks pods, as it does where it runs in one.
  await cluster.linkPods();
  const run = "scheduling.webhook.run=always";
  await release.install(run);
  expect(await policies()).toBe("");
  try {
    await cluster.kubectl("rollout", "status", deployment, ...own, "--timeout=60s");
  } catch (error) {
    await tell(cluster);
    throw error;
  }
  await cluster.until("the webhook gives requests", () => isCounted(cluster));
  const running = JSON.parse(await cluster.kubectl("get", "pods", ...selector, "-o", "json")) as {
    items: { spec: { nodeName: string } }[];
  };
  expect(running.items.map(({ spec }) => spec.nodeName).toSorted()).toEqual(["node1", "node2"]);
  const logs = await cluster.kubectl("logs", ...selector, "--prefix");
  console.log(logs.trimEnd());
  expect(logs.match(/another certificate is made/g)).toHaveLength(1);
  expect(logs.match(/answering reviews/g)).toHaveLength(2);
  expect(logs).not.toContain('"level":50');

  await expectQuota(cluster, "by-webhook");
  await expectDefaults(cluster, "by-webhook-range");
  const node = cluster.node(1);
  await cluster.apply(pod("counted", { node: node.name, annotations: egress("50M") }));
  await readyAddress(cluster, "counted");
  expect(await requestsOf(cluster, "counted")).toEqual({ "fairway.dev/egress-mbps": "50" });

  const before = await ownWords(cluster);
  await release.install(run, "scheduling.webhook.timeoutSeconds=1");
  expect(await ownWords(cluster)).toBe(before);
  expect(await isCounted(cluster)).toBe(true);

  await cluster.kubectl("scale", deployment, ...own, "--replicas=0");
  await cluster.until("it is away", async () => !(await isCounted(cluster)));
  await cluster.apply(pod("uncounted", { node: node.name, annotations: egress("60M") }));
  await readyAddress(cluster, "uncounted");
  expect(await requestsOf(cluster, "uncounted")).toEqual({});
  expect((await node.classes()).map((line) => /rate (\S+)/.exec(line)?.[1])).toContain("60Mbit");
  const third = pod("third", { annotations: egress("100M") });
  await cluster.apply({
    ...third,
    metadata: { ...(third.metadata as Json), namespace: "by-webhook" },
  });

  await cluster.kubectl("delete", "pod", "counted", "uncounted", "--timeout=60s");
  const made = ["by-policies", "by-webhook"].flatMap((each) => [each, `${each}-range`]);
  await cluster.kubectl("delete", "namespace", ...made, "--timeout=60s");
  await release.install();
  expect(await policies()).toContain("fairway-guarantees");
}
