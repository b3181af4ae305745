/** The budgets of docs/scheduling.md, by its own manifests: whoever gives pods their requests, they are counted. */
import { expect } from "bun:test";
import { blockAfter, withInPlace } from "../support/page.ts";
import type { Cluster } from "./cluster.ts";
import type { Json } from "./kubectl.ts";
import { deployment, egress, pod } from "./manifests.ts";
import { comparable, resourcesOf } from "./tried.ts";

const page = "docs/scheduling.md";
const resource = "fairway.dev/egress-mbps";

const inNamespace = (namespace: string, made: Json): Json => ({
  ...made,
  metadata: { ...(made.metadata as Json), namespace },
});

async function makeNamespace(cluster: Cluster, name: string, words: string): Promise<void> {
  await cluster.kubectl("create", "namespace", name);
  await cluster.apply(
    withInPlace(blockAfter(page, words), { "namespace: shop": `namespace: ${name}` }),
  );
  await cluster.until(`${name} has a service account`, async () => {
    await cluster.get("serviceaccount", "default", name);
    return true;
  });
}

/** A namespace with a quota of 200M: the third pod of 100M is refused. */
export async function expectQuota(cluster: Cluster, name: string): Promise<void> {
  await makeNamespace(cluster, name, "admission changes pods before quotas count them.");
  const own = ["-n", name];
  await cluster.until("the quota is in force", async () => {
    const { status } = await cluster.get<{ status: { hard?: Json } }>("quota", "bandwidth", name);
    return status.hard !== undefined;
  });
  await cluster.apply(inNamespace(name, deployment("web", 3, { annotations: egress("100M") })));
  await cluster.until("the ReplicaSet says why it has two", async () => {
    const events = await cluster.kubectl("get", "events", ...own, "-o", "json");
    return /exceeded quota: bandwidth, requested: requests.fairway.dev\/egress-mbps=100, used/.test(
      events,
    );
  });
  const third = inNamespace(name, pod("third", { annotations: egress("100M") }));
  const { stderr } = await cluster.tryKubectl(["apply", "-f", "-"], {
    stdin: JSON.stringify(third),
  });
  console.log(stderr.trimEnd());
  expect(stderr).toContain(
    `exceeded quota: bandwidth, requested: requests.${resource}=100, used: requests.${resource}=200, limited: requests.${resource}=200`,
  );
  // One that asks for nothing is taken.
  await cluster.apply(inNamespace(name, pod("plain")));
  await cluster.kubectl("wait", "--for=condition=Ready", "pod", "--all", ...own, "--timeout=60s");
  const { items } = JSON.parse(await cluster.kubectl("get", "pods", ...own, "-o", "json")) as {
    items: Json[];
  };
  const requested = items.map((each) => resourcesOf(each).requests?.[resource] ?? "none");
  expect(requested.toSorted()).toEqual(["100", "100", "none"]);
}

/** A namespace whose containers get 10M by default. */
export async function expectDefaults(cluster: Cluster, name: string): Promise<void> {
  await makeNamespace(cluster, name, "a LimitRange, which gives each container the resource:");
  const tried = async (made: Json) =>
    await cluster.tryKubectl(["create", "--dry-run=server", "-o", "json", "-f", "-"], {
      stdin: JSON.stringify(inNamespace(name, made)),
    });
  const amounts = (mbps: string) => ({
    limits: { [resource]: mbps },
    requests: { [resource]: mbps },
  });
  const taken = async (made: Json): Promise<Json> => {
    const { stdout, stderr } = await tried(made);
    if (stdout === "") throw new Error(stderr);
    return comparable(JSON.parse(stdout) as Json);
  };
  const made = pod("a");
  expect(await taken(made)).toMatchObject({
    ...{ annotations: egress("10M"), containers: [amounts("10")], initContainers: [] },
  });
  const spec = made.spec as { containers: Json[] };
  const [main = {}] = spec.containers;
  const two = { ...made, spec: { ...spec, containers: [main, { ...main, name: "other" }] } };
  expect(await taken(two)).toMatchObject({
    ...{ annotations: egress("20M"), containers: [amounts("10"), amounts("10")] },
    initContainers: [],
  });
  const own = { ...main, resources: { limits: { [resource]: "50" } } };
  expect(await taken({ ...made, spec: { ...spec, containers: [own] } })).toMatchObject({
    ...{ annotations: egress("50M"), containers: [amounts("50")], initContainers: [] },
  });
  const { stderr } = await tried(pod("a", { annotations: egress("100M") }));
  console.log(stderr.trimEnd());
  expect(stderr).toContain(`"100M" is 100 Mbit/s, and the`);
}
