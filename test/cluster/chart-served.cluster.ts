/** An API server takes all that the chart makes, strictly: no field that it does not know, no expression that is none. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chart, hasHelm, runHelm } from "../chart/helm.ts";
import { repository } from "../support/binary.ts";
import { type ApiServer, apiServer } from "./api-server.ts";
import { hasApiServer } from "./tools.ts";

const title = (text: string): string => (hasApiServer && hasHelm ? text : `${text} (needs Go)`);
const isThere = hasApiServer && hasHelm;

let server: ApiServer;

beforeAll(async () => {
  if (isThere) server = await apiServer();
}, 120_000);

afterAll(() => server?.down());

async function expectTaken(manifests: string): Promise<void> {
  const asked = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
  const { code, stderr } = await server.tryKubectl(asked, { stdin: manifests });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

test.skipIf(!isThere)(title("deploy/fairway.yaml"), async () => {
  await expectTaken(readFileSync(join(repository, "deploy/fairway.yaml"), "utf8"));
});

test
  .skipIf(!isThere)
  .each([
    ...["k3s", "k3d", "microk8s", "gke", "openshift", "minikube"].map((each) => `preset=${each}`),
    "chained=true",
    "chained=true,chain.way=drop-in,chain.replaceBandwidth=true",
    "routes=host-gateway",
    "cluster.enabled=false",
    "uninstall=true",
    "network.conflist=text,network.subnetFrom=conflist",
    "extraHostPaths={/var/log/fairway,/etc/resolv}",
    "imagePullSecrets[0].name=pull,podLabels.a=b,podAnnotations.c=d,nodeSelector.e=f",
    "updateStrategy.type=OnDelete,updateStrategy.rollingUpdate=null",
    "loadModules=false,requireFallback=true,admissionPolicy.enabled=false,crds.install=false",
    "scheduling.policies=false",
    "scheduling.tiersFrom=storage-nodes",
    "scheduling.tiersFrom=",
    "scheduling.webhook.run=always",
    "scheduling.webhook.run=always,scheduling.tiersFrom=,scheduling.webhook.tolerations[0].operator=Exists",
    "metrics.port=9464,metrics.tlsSecret=s,metrics.readers[0].namespace=m,metrics.readers[0].name=p,metrics.dashboard=true",
    "metrics.port=9464,metrics.tlsSecret=s,viewer.enabled=true,viewer.forward=true,viewer.subjects[0].kind=Group,viewer.subjects[0].name=sre,viewer.subjects[0].apiGroup=rbac.authorization.k8s.io",
  ])(title("the chart with %s"), async (values) => {
  const { code, stdout, stderr } = runHelm(
    ...["template", "fairway", chart, "--namespace", "kube-system", "--set", values],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  await expectTaken(stdout);
});
