/** The chart, rendered by Helm: each preset, each value, and what its schema refuses. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { chart, hasHelm, type Manifest, manifestsIn, podIn, rendered, runHelm } from "./helm.ts";

const argsOf = (manifests: Manifest[], name: string): string[] => {
  const pod = podIn(manifests);
  return [...pod.initContainers, ...pod.containers].find((each) => each.name === name)?.args ?? [];
};
const pathsOf = (manifests: Manifest[]): string[] =>
  podIn(manifests).volumes.flatMap(({ hostPath }) => hostPath?.path ?? []);
const kindsOf = (manifests: Manifest[]): string[] => manifests.map(({ kind }) => kind).toSorted();

describe.skipIf(!hasHelm)("the chart (needs Go)", () => {
  test("has nothing that Helm warns of", () => {
    const { code, stdout, stderr } = runHelm("lint", "--strict", chart);
    expect(`${stdout}${stderr}`).toContain("0 chart(s) failed");
    expect(code).toBe(0);
  });

  test("makes deploy/fairway.yaml where nothing is set", () => {
    const { stdout } = runHelm("template", "fairway", chart, "--namespace", "kube-system");
    const committed = readFileSync(join(repository, "deploy/fairway.yaml"), "utf8");
    expect(committed.split("\n").slice(1).join("\n")).toBe(stdout);
  });

  test.each([
    ["k3s", ["/var/lib/rancher/k3s/data/cni", "/var/lib/rancher/k3s/agent/etc/cni/net.d"]],
    ["k3d", ["/var/lib/rancher/k3s/data/cni", "/var/lib/rancher/k3s/agent/etc/cni/net.d"]],
    [
      "microk8s",
      ["/var/snap/microk8s/current/opt/cni/bin", "/var/snap/microk8s/current/args/cni-network"],
    ],
    ["gke", ["/home/kubernetes/bin", "/etc/cni/net.d"]],
    ["openshift", ["/var/lib/cni/bin", "/etc/kubernetes/cni/net.d"]],
    ["minikube", ["/opt/cni/bin", "/etc/cni/net.d", "/var/run/docker/netns"]],
  ])("preset %s: folders are mounted, and told to install", (preset, folders) => {
    const made = rendered("--set", `preset=${preset}`);
    expect(pathsOf(made)).toEqual(expect.arrayContaining(folders));
    expect(argsOf(made, "install")).toEqual(
      expect.arrayContaining([`--bin-dir=${folders[0]}`, `--conf-dir=${folders[1]}`]),
    );
    expect(argsOf(made, "agent")).toContain(`--conf-dir=${folders[1]}`);
  });

  test("what is set under cni goes before the preset", () => {
    const made = rendered("--set", "preset=k3s,cni.binDir=/x/bin");
    expect(argsOf(made, "install")).toContain("--bin-dir=/x/bin");
    expect(pathsOf(made)).toContain("/var/lib/rancher/k3s/agent/etc/cni/net.d");
  });

  test.each<[string, string, string[]]>([
    ["network.uplink=eth1", "install", ["--uplink=eth1"]],
    ["network.egressCapacity=10G", "install", ["--egress-capacity=10G"]],
    ["network.ingressCapacity=9500M", "install", ["--ingress-capacity=9500M"]],
    [
      "network.ipMasqExcept={10.244.0.0/16,fd00::/48}",
      "install",
      ["--ip-masq-except=10.244.0.0/16", "--ip-masq-except=fd00::/48"],
    ],
    ["cni.confFile=05-fairway.conflist", "install", ["--conf-file=05-fairway.conflist"]],
    ["agent.repair=observe", "agent", ["--repair=observe"]],
    ["agent.extraArgs={--tool-limit=1s}", "agent", ["--tool-limit=1s"]],
    ["routes=host-gateway", "agent", ["--routes=host-gateway"]],
    ["chained=true", "install", ["--chain"]],
    ["agent.metrics=namespaces", "agent", ["--metrics=namespaces"]],
    ["ui.enabled=true", "agent", ["--ui=127.0.0.1:9465"]],
    ["ui.enabled=true,ui.port=8080", "agent", ["--ui=127.0.0.1:8080"]],
    [
      "metrics.port=9464,metrics.tlsSecret=s,metrics.address=[::]",
      "agent",
      [
        "--metrics-listen=[::]:9464",
        "--metrics-tls-cert=/etc/fairway-metrics/tls.crt",
        "--metrics-tls-key=/etc/fairway-metrics/tls.key",
      ],
    ],
  ])("%s reaches %s", (value, container, args) => {
    expect(argsOf(rendered("--set", value), container)).toEqual(expect.arrayContaining(args));
  });

  test("a conflist of one's own comes as a file", () => {
    const made = rendered("--set", "network.subnetFrom=conflist,network.conflist=text");
    expect(argsOf(made, "install")).toContain("--conflist=/etc/fairway/conflist");
    expect(argsOf(made, "install")).not.toContain("--subnet-from-cluster");
    expect(kindsOf(made)).toContain("ConfigMap");
  });

  test("chained, no module is loaded, and no subnet is asked for", () => {
    const made = rendered("--set", "chained=true");
    expect(podIn(made).initContainers.map(({ name }) => name)).toEqual(["install", "adopt"]);
    expect(argsOf(made, "install")).not.toContain("--subnet-from-cluster");
  });

  test("chain.adopt=false leaves pods of before to hand", () => {
    const made = podIn(rendered("--set", "chained=true,chain.adopt=false"));
    expect(made.initContainers.map(({ name }) => name)).toEqual(["install"]);
    expect(JSON.stringify(made)).not.toContain("cni-cache");
  });

  test("without the cluster, an agent may get nodes and no more", () => {
    const made = rendered("--set", "cluster.enabled=false");
    const role = made.find(({ kind }) => kind === "ClusterRole");
    expect(role?.rules).toEqual([
      { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
    ] as never);
    expect(kindsOf(made)).not.toContain("ValidatingAdmissionPolicy");
    expect(argsOf(made, "agent")).not.toContain("--cluster");
  });

  test("uninstall=true takes it off, and installs nothing", () => {
    const pod = podIn(rendered("--set", "uninstall=true"));
    expect(pod.initContainers.map(({ args }) => args[0])).toEqual(["uninstall"]);
    expect(pod.containers.map(({ args }) => args.slice(0, 2))).toEqual([["uninstall", "--stay"]]);
  });

  test("metrics: monitors, rules and the board where they are asked for, and else none of them", () => {
    const kinds = ["ServiceMonitor", "PodMonitor", "PrometheusRule", "Service", "ConfigMap"];
    const asked = (...values: string[]) =>
      kindsOf(rendered("--set", values.join(","))).filter((kind) => kinds.includes(kind));
    const port = "metrics.port=9464,metrics.tlsSecret=s";
    expect(kindsOf(rendered()).filter((kind) => kinds.includes(kind))).toEqual([]);
    expect(asked(port)).toEqual([]);
    expect(asked(port, "metrics.monitor=service")).toEqual(["Service", "ServiceMonitor"]);
    expect(asked(port, "metrics.monitor=pod,metrics.tokenSecret.name=t")).toEqual(["PodMonitor"]);
    expect(asked("metrics.rules=true,metrics.dashboard=true")).toEqual([
      "ConfigMap",
      "PrometheusRule",
    ]);
  });

  test("metrics: the rules and the board come as they lie in the chart", () => {
    const made = rendered("--set", "metrics.rules=true,metrics.dashboard=true");
    const file = (name: string): string => readFileSync(join(chart, "files", name), "utf8");
    const rule: unknown = made.find(({ kind }) => kind === "PrometheusRule")?.spec;
    expect(rule).toEqual(Bun.YAML.parse(file("alerts.yaml")));
    const board = made.find(({ kind }) => kind === "ConfigMap") as {
      data?: Record<string, string>;
    };
    expect(JSON.parse(board.data?.["fairway.json"] ?? "")).toEqual(
      JSON.parse(file("dashboard.json")),
    );
  });

  test("metrics: only with a port the agent may ask whose a token is, and readers are bound", () => {
    const reader = "metrics.readers[0].namespace=monitoring,metrics.readers[0].name=prometheus";
    const made = rendered("--set", `metrics.port=9464,metrics.tlsSecret=s,${reader}`);
    const resourcesOf = (manifests: Manifest[]) =>
      manifests
        .filter(({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "fairway")
        .flatMap(({ rules = [] }) => rules.flatMap(({ resources }) => resources));
    const reviews = ["tokenreviews", "subjectaccessreviews"];
    expect(resourcesOf(made)).toEqual(expect.arrayContaining(reviews));
    expect(resourcesOf(rendered()).filter((each) => reviews.includes(each))).toEqual([]);
    const binding = made.find(
      ({ kind, metadata }) =>
        kind === "ClusterRoleBinding" && metadata.name === "fairway-metrics-reader",
    );
    expect(JSON.stringify(binding)).toContain('"namespace":"monitoring"');
  });

  test("viewer: what looks needs is there where it is asked for, and forwarding only where it is", () => {
    const port = "metrics.port=9464,metrics.tlsSecret=s,viewer.enabled=true";
    const who = "viewer.subjects[0].kind=Group,viewer.subjects[0].name=sre";
    const asked = (...values: string[]) =>
      rendered("--set", values.join(",")).filter(({ metadata }) =>
        metadata.name.startsWith("fairway-viewer"),
      );
    const pages = ["ClusterRole", "ClusterRoleBinding"];
    expect(kindsOf(asked("metrics.port=9464,metrics.tlsSecret=s"))).toEqual([]);
    const account = ["ServiceAccount", "ClusterRole", "Role", ...pages].toSorted();
    expect(kindsOf(asked(port))).toEqual(account);
    const bound = asked(port, who);
    expect(kindsOf(bound)).toEqual([...account, "ClusterRoleBinding", "RoleBinding"].toSorted());
    const rulesOf = (made: Manifest[]) =>
      made
        .find(({ kind }) => kind === "Role")
        ?.rules?.map(({ resources, verbs, ...rest }) => ({
          ...{ resources, verbs },
          names: rest.resourceNames,
        }));
    const least = [
      { resources: ["pods/proxy"], verbs: ["get"], names: undefined },
      { resources: ["serviceaccounts/token"], verbs: ["create"], names: ["fairway-viewer"] },
    ];
    expect(rulesOf(bound)).toEqual(least);
    expect(rulesOf(asked(port, who, "viewer.forward=true"))).toEqual([
      ...least,
      { resources: ["pods/proxy", "pods/portforward"], verbs: ["create"], names: undefined },
    ]);
    // Its account has no right but to the agents' own pages.
    const named = bound.filter((each) => JSON.stringify(each).includes('"ServiceAccount"'));
    expect(named.map(({ metadata }) => metadata.name)).toEqual([
      "fairway-viewer",
      "fairway-viewer-pages",
    ]);
  });

  test("an image by its digest", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const pod = podIn(rendered("--set", `image.repository=r.test/f,image.digest=${digest}`));
    expect(pod.containers[0]?.image).toBe(`r.test/f@${digest}`);
  });

  test.each([
    ["preset=k4s", "preset"],
    ["cni.binDir=opt/cni", "binDir"],
    ["network.egressCapacity=fast", "egressCapacity"],
    ["network.ipMasqExcept={pods}", "ipMasqExcept"],
    ["network.subnetFrom=guess", "subnetFrom"],
    ["network.uplnk=eth0", "uplnk"],
    ["chained=perhaps", "chained"],
    ["metrics.port=9464", "metrics.tlsSecret: a port needs a Secret"],
    ["metrics.port=9464,metrics.tlsSecret=s,cluster.enabled=false", "cluster.enabled is false"],
    ["metrics.monitor=service", "nothing to scrape"],
    [
      "metrics.monitor=pod,metrics.port=1,metrics.tlsSecret=s",
      "a PodMonitor scrapes with the token",
    ],
    ["metrics.interval=often", "interval"],
    ["viewer.enabled=true", "viewer.enabled: the agents are asked at metrics.port, which is 0"],
    ["viewer.subjects[0].name=sre", "kind"],
    ["agent.metrics=all", "metrics"],
    ["ui.port=0", "port"],
    ["ui.address=0.0.0.0", "address"],
    ["routes=bgp", "routes"],
    ["image.digest=sha256:1", "digest"],
    ["cni.confFile=fairway.conf", "confFile"],
    ["scheduling.webhook.run=perhaps", "run"],
    ["scheduling.webhook.replicas=0", "replicas"],
    ["scheduling.webhook.timeoutSeconds=60", "timeoutSeconds"],
  ])("%s is refused, naming it", (value, named) => {
    expect(() => rendered("--set", value)).toThrow(named);
  });
});

describe.skipIf(!hasHelm)("policies in the chart (needs Go)", () => {
  const group = "admissionregistration.k8s.io";
  const known = ["--api-versions", "apps/v1/Deployment"];
  const has = (...kinds: string[]): string[] =>
    kinds.flatMap((kind) => ["--api-versions", `${group}/${kind}`]);
  const validating = `v1/ValidatingAdmissionPolicy fairway-annotations`;
  const mutating = (version: string): string[] =>
    ["fairway-guarantees", "fairway-tiers"].map(
      (name) => `${version}/MutatingAdmissionPolicy ${name}`,
    );
  const policiesOf = (...args: string[]): string[] =>
    rendered(...args)
      .filter(
        ({ kind, metadata }) =>
          kind.endsWith("AdmissionPolicy") && metadata.name !== "fairway-own-node",
      )
      .map(
        ({ apiVersion, kind, metadata }) =>
          `${apiVersion?.replace(`${group}/`, "")}/${kind} ${metadata.name}`,
      )
      .toSorted();

  test.each<[string, string[], string[]]>([
    ["of an API server", [], [...mutating("v1"), validating]],
    ["of 1.35, of which no kinds are told", ["--kube-version", "1.35.0"], [validating]],
    ["of one that lacks the kinds", known, []],
    ["of one that only refuses", [...known, ...has("v1/ValidatingAdmissionPolicy")], [validating]],
    [
      "of one where the kind is new",
      [...known, ...has("v1/ValidatingAdmissionPolicy", "v1beta1/MutatingAdmissionPolicy")],
      [validating, ...mutating("v1beta1")],
    ],
    [
      "of one that has both versions",
      [...known, ...has("v1beta1/MutatingAdmissionPolicy", "v1/MutatingAdmissionPolicy")],
      mutating("v1"),
    ],
    ["that is not to have them", ["--set", "scheduling.policies=false"], []],
    ["without the cluster", ["--set", "cluster.enabled=false"], []],
    ["that is left", ["--set", "uninstall=true"], []],
    [
      "whose tiers are not counted",
      ["--set", "scheduling.tiersFrom="],
      [mutating("v1")[0] ?? "", validating],
    ],
  ])("%s", (_, args, policies) => {
    expect(policiesOf(...args)).toEqual(policies.toSorted());
  });

  test.each<[string, string[], string[]]>([
    ["never", [], []],
    ["auto", [], []],
    ["auto", ["--kube-version", "1.35.0"], ["Mutating"]],
    ["auto", [...known, ...has("v1beta1/MutatingAdmissionPolicy")], []],
    ["auto", known, ["Mutating", "Validating"]],
    ["always", [], ["Mutating", "Validating"]],
    ["always", ["--set", "uninstall=true"], []],
    ["always", ["--set", "cluster.enabled=false"], []],
  ])("the webhook, run: %s, with %j", (run, args, kinds) => {
    const made = rendered("--set", `scheduling.webhook.run=${run}`, ...args);
    const configurations = made.filter(({ kind }) => kind.endsWith("WebhookConfiguration"));
    expect(configurations.map(({ kind }) => kind.replace("WebhookConfiguration", ""))).toEqual(
      kinds,
    );
    expect(made.some(({ kind }) => kind === "Deployment")).toBe(kinds.length > 0);
    // One of the two does it.
    const policies = made.filter(({ metadata }) => metadata.name === "fairway-guarantees");
    expect(policies.some(() => kinds.includes("Mutating"))).toBe(false);
    for (const { webhooks = [] } of configurations)
      for (const webhook of webhooks)
        expect(webhook).toMatchObject({
          ...{ failurePolicy: "Ignore", timeoutSeconds: 2, sideEffects: "None" },
          namespaceSelector: {
            matchExpressions: [{ operator: "NotIn", values: ["kube-system"] }],
          },
        });
  });

  test("the webhook may change what has its name, and its pods are none of the agents'", () => {
    const made = rendered("--set", "scheduling.webhook.run=always,scheduling.tiersFrom=gold");
    const roles = made.filter(
      ({ kind, metadata }) => /Role$/.test(kind) && metadata.name === "fairway-webhook",
    );
    expect(roles).toHaveLength(2);
    for (const rule of roles.flatMap(({ rules = [] }) => rules))
      expect(rule.resourceNames).toEqual([
        rule.resources.includes("bandwidthclasses") ? "gold" : "fairway-webhook",
      ]);
    const deployment = made.find(({ kind }) => kind === "Deployment");
    expect(deployment?.spec).toMatchObject({
      template: { metadata: { labels: { "app.kubernetes.io/name": "fairway-webhook" } } },
    });
    const [container] = deployment?.spec?.template?.spec.containers ?? [];
    expect(container?.args).toContain("--tiers-from=gold");
    expect(container?.securityContext).toEqual({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    } as never);
  });

  test("count the tiers of the class that is named", () => {
    const binding = rendered("--set", "scheduling.tiersFrom=storage-nodes").find(
      ({ kind, metadata }) =>
        kind === "MutatingAdmissionPolicyBinding" && metadata.name === "fairway-tiers",
    );
    expect(binding?.spec).toMatchObject({
      paramRef: { name: "storage-nodes", parameterNotFoundAction: "Allow" },
    });
  });
});

describe.skipIf(!hasHelm)("claims in the chart (needs Go)", () => {
  const on = ["--set", "scheduling.dra.enabled=true"];
  const known = ["--api-versions", "apps/v1/Deployment"];
  const ofClaims = ({ kind, metadata }: Manifest): boolean =>
    kind === "DeviceClass" || /^fairway-(claims|own-devices)$/.test(metadata.name);
  const listed = (manifests: Manifest[]): string[] =>
    manifests
      .filter(ofClaims)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      .toSorted();
  const all = [
    "ClusterRole fairway-claims",
    "ClusterRoleBinding fairway-claims",
    "DeviceClass egress.fairway.dev",
    "DeviceClass ingress.fairway.dev",
    ...["fairway-claims", "fairway-own-devices"].flatMap((name) => [
      `ValidatingAdmissionPolicy ${name}`,
      `ValidatingAdmissionPolicyBinding ${name}`,
    ]),
  ].toSorted();

  test.each<[string, string[], string[]]>([
    ["nothing of it where nothing is set", [], []],
    ["all of it where it is wanted", on, all],
    [
      "on a cluster that has the kinds",
      [...on, ...known, "--api-versions", "resource.k8s.io/v1/ResourceSlice"],
      all,
    ],
    [
      "without what binds agents to their nodes",
      [...on, "--set", "admissionPolicy.enabled=false"],
      all.filter((each) => !each.endsWith("fairway-own-devices")),
    ],
    ["nothing of it where Fairway is left", [...on, "--set", "uninstall=true"], []],
  ])("%s", (_, args, objects) => {
    expect(listed(rendered(...args))).toEqual(objects);
  });

  test("is what conf/cluster has, for the release's own account", () => {
    const text = readFileSync(join(repository, "conf/cluster/dra.yaml"), "utf8");
    const plain = (manifests: Manifest[]) =>
      manifests.map(({ metadata, ...rest }) => ({ ...rest, name: metadata.name }));
    const wanted = plain(manifestsIn(text.replaceAll("kube-system", "net")));
    const made = plain(rendered(...on, "--namespace", "net").filter(ofClaims));
    const byName = (each: { kind: string; name: string }): string => `${each.kind} ${each.name}`;
    const sorted = (some: typeof made) => some.toSorted((a, b) => (byName(a) < byName(b) ? -1 : 1));
    expect(sorted(made)).toEqual(sorted(wanted));
  });

  test("the agent is told, and meets its kubelet where that is", () => {
    const made = rendered(...on, "--set", "scheduling.dra.kubeletDir=/var/k");
    expect(argsOf(made, "agent")).toContain("--dra");
    expect(argsOf(made, "agent")).toContain("--kubelet-dir=/var/k");
    const folders = ["/var/k/plugins/fairway.dev", "/var/k/plugins_registry"];
    expect(pathsOf(made)).toEqual(expect.arrayContaining(folders));
    const mountsOf = (name: string): string[] =>
      (
        [...podIn(made).initContainers, ...podIn(made).containers].find(
          (each) => each.name === name,
        )?.volumeMounts ?? []
      ).map(({ mountPath }) => mountPath);
    expect(mountsOf("agent")).toEqual(expect.arrayContaining(folders));
    expect(mountsOf("install").filter((each) => folders.includes(each))).toEqual([]);
  });

  test.each([
    [["--set", "cluster.enabled=false"], "claims are read from the cluster"],
    [known, "has no resource.k8s.io/v1"],
    [["--set", "scheduling.dra.kubeletDir=var/lib/kubelet"], "kubeletDir"],
  ])("refused with %p", (args, words) => {
    expect(() => rendered(...on, ...args)).toThrow(words);
  });
});
