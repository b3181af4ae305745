/**
 * Commands and manifests of the pages, by kubectl: on an API server alone where they only have to be taken, and on the
 * cluster where they do something to a node.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasHelm, rendered } from "../chart/helm.ts";
import { repository } from "../support/binary.ts";
import { blockThat, consoleOf, withInPlace } from "../support/page.ts";
import { type ApiServer, apiServer } from "./api-server.ts";
import type { Json } from "./kubectl.ts";
import { bandwidthClass, deployment, egress, pod } from "./manifests.ts";
import { withMembers } from "./members.ts";
import { readyAddress } from "./pods.ts";
import { clusterTest } from "./setup.ts";
import { hasApiServer } from "./tools.ts";

const limitMs = 120_000;
let server: ApiServer;

const conf = (name: string): string => readFileSync(join(repository, "conf/cluster", name), "utf8");

/** The words of one `kubectl` of a page, as a shell reads them. */
function wordsOf(command: string): string[] {
  const [first, ...words] = [...command.trim().matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? "",
  );
  if (first !== "kubectl") throw new Error(`no command of kubectl: ${command}`);
  return words;
}

beforeAll(async () => {
  if (!hasApiServer) return;
  server = await apiServer();
  await server.until("there is a default namespace", async () => {
    const { code } = await server.tryKubectl(["get", "namespace", "default"]);
    return code === 0;
  });
  await server.tryKubectl(["create", "serviceaccount", "default"]);
  for (const name of ["bandwidthclass.yaml", "annotations-policy.yaml"])
    await server.apply(conf(name));
  await server.kubectl("wait", "--for=condition=Established", "crd/bandwidthclasses.fairway.dev");
}, limitMs);

afterAll(() => server?.down());

const serverTest = (text: string, act: () => Promise<void>): void =>
  test.skipIf(!hasApiServer)(hasApiServer ? text : `${text} (needs Go)`, act, limitMs);

serverTest(
  "docs/admission.md: a misspelt annotation is refused in the words that it shows",
  async () => {
    const [told] = consoleOf(blockThat("docs/admission.md", "$ kubectl annotate pod cart"));
    await server.apply(pod("cart"));
    const [shown = ""] = (told?.output ?? "").split("Known: ...");
    let stderr = "";
    await server.until("the policy is in force", async () => {
      // One that is there already is not judged again.
      await server.kubectl("annotate", "pod", "cart", "fairway.dev/egress-garantee-");
      ({ stderr } = await server.tryKubectl(wordsOf(told?.command ?? "")));
      return stderr !== "";
    });
    expect(stderr).toStartWith(shown);
    expect(shown).toContain("Did you mean");
    await server.kubectl("delete", "pod", "cart", "--force");
  },
);

serverTest("docs/scheduling.md: the update that needs no room is one", async () => {
  const patch = Bun.YAML.parse(blockThat("docs/scheduling.md", "spec:\n  strategy:")) as {
    spec: Json;
  };
  const made = deployment("web", 2);
  const spec = { ...(made.spec as Json), ...patch.spec };
  await server.apply({ ...made, spec });
  const strategy = await server.kubectl(
    "get",
    "deployment",
    "web",
    "-o",
    "jsonpath={.spec.strategy}",
  );
  expect(JSON.parse(strategy)).toEqual(patch.spec.strategy as object);
});

serverTest("docs/scheduling.md: the resources are taken off a Node", async () => {
  await server.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "node1" } });
  const mbps = { "fairway.dev/egress-mbps": "380", "fairway.dev/ingress-mbps": "380" };
  const status = { status: { capacity: mbps, allocatable: mbps } };
  const told = ["patch", "node", "node1", "--subresource=status", "--type=merge", "-p"];
  await server.kubectl(...told, JSON.stringify(status));
  const command = withInPlace(blockThat("docs/scheduling.md", "kubectl patch node"), {
    "node NAME": "node node1",
  });
  await server.kubectl(...wordsOf(command));
  const left = await server.kubectl("get", "node", "node1", "-o", "jsonpath={.status}");
  expect(left).not.toContain("fairway.dev");
});

serverTest("docs/bandwidthclass.md: the BandwidthClass is taken", async () => {
  const text = blockThat("docs/bandwidthclass.md", "apiVersion: fairway.dev/v1alpha1");
  await server.until("there may be a class", async () => (await server.apply(text)) !== "");
  const spec = await server.kubectl(
    "get",
    "bandwidthclass",
    "storage-nodes",
    "-o",
    "jsonpath={.spec}",
  );
  expect(JSON.parse(spec)).toMatchObject((Bun.YAML.parse(text) as { spec: Json }).spec);
});

serverTest("docs/claims.md: claims are switched on, and asked for", async () => {
  const [helm = "", patch = ""] = blockThat("docs/claims.md", "helm upgrade fairway").split("\n");
  await server.apply(bandwidthClass("default", {}));
  await server.kubectl(...wordsOf(patch));
  const publish = ["get", "bandwidthclass", "default", "-o", "jsonpath={.spec.publish}"];
  expect(await server.kubectl(...publish)).toBe("split");
  if (hasHelm) {
    const values = /--set (\S+)/.exec(helm)?.[1] ?? "";
    const kinds = rendered("--set", values).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "DeviceClass")).toHaveLength(2);
  }
  await server.apply(conf("dra.yaml"));
  await server.apply(blockThat("docs/claims.md", "apiVersion: resource.k8s.io/v1"));
  await server.kubectl("get", "resourceclaimtemplate", "egress-100m");
  await server.kubectl("get", "pod", "cart");
});

clusterTest(
  "docs/cluster.md and docs/bandwidthclass.md: a living pod gets another promise, and nodes tell their class",
  (cluster) =>
    withMembers(cluster, async () => {
      await cluster.apply(pod("cart", { node: "node1", annotations: egress("50M") }));
      await readyAddress(cluster, "cart");
      await cluster.kubectl(...wordsOf(blockThat("docs/cluster.md", "kubectl annotate pod cart")));
      await cluster.until("it is in force", async () =>
        ((await cluster.node(1).classes())[0] ?? "").includes("rate 150Mbit"),
      );
      const nodes = await cluster.kubectl(
        ...wordsOf(blockThat("docs/bandwidthclass.md", "kubectl get nodes")),
      );
      expect(nodes).toMatch(/^NODE +CLASS\nnode1 /);
    }),
);
