/** Pods of all shapes that a request for bandwidth may have, and manifests that are wrong. Pure. */
import type { Json } from "./kubectl.ts";

export type Texts = Record<string, string>;

/** "egress-guarantee" is that under fairway.dev/. */
export const annotated = (short: Texts): Texts =>
  Object.fromEntries(
    Object.entries(short).map(([key, value]) => [
      key.includes("/") ? key : `fairway.dev/${key}`,
      value,
    ]),
  );

interface Shape {
  annotations?: Texts;
  /** Egress and ingress in Mbit/s, by container: "r" requests and "l" limits. */
  containers?: Brought[];
  inits?: (Brought & { sidecar?: true })[];
  spec?: Json;
}

interface Brought {
  egress?: string;
  ingress?: string;
  only?: "limits" | "requests";
  cpu?: string;
}

function container(name: string, { egress, ingress, only, cpu }: Brought): Json {
  const values = {
    ...(egress === undefined ? {} : { "fairway.dev/egress-mbps": egress }),
    ...(ingress === undefined ? {} : { "fairway.dev/ingress-mbps": ingress }),
  };
  const own = cpu === undefined ? {} : { cpu };
  const resources = {
    ...(only === "requests" || Object.keys(values).length === 0 ? {} : { limits: values }),
    ...(only === "limits" || Object.keys({ ...values, ...own }).length === 0
      ? {}
      : { requests: { ...values, ...own } }),
  };
  return {
    ...{ name, image: "i" },
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
  };
}

function template({ annotations, containers = [{}], inits = [], spec = {} }: Shape): Json {
  return {
    metadata: annotations === undefined ? {} : { annotations: annotated(annotations) },
    spec: {
      automountServiceAccountToken: false,
      ...(inits.length === 0
        ? {}
        : {
            initContainers: inits.map(({ sidecar, ...brought }, at) => ({
              ...container(`i${at}`, brought),
              ...(sidecar && { restartPolicy: "Always" }),
            })),
          }),
      containers: containers.map((each, at) => container(`c${at}`, each)),
      ...spec,
    },
  };
}

export function podOf(name: string, shape: Shape, namespace = "default"): Json {
  const { metadata, spec } = template(shape);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...(metadata as Json), name, namespace },
    spec,
  };
}

/** The tiers that the shapes' pods are of. */
export const tiers = {
  high: { egressGuarantee: "2G", ingressGuarantee: "1500k" },
  numbered: { egressGuarantee: 5_000_000 },
  floor: {},
  guaranteed: { ingressGuarantee: "30M" },
};

export const shapes: [string, Shape][] = [
  ["nothing", {}],
  ["a guarantee of egress", { annotations: { "egress-guarantee": "100M" } }],
  [
    "both directions, rounded up",
    { annotations: { "egress-guarantee": "1k", "ingress-guarantee": "1500k", "a.b/c": "d" } },
  ],
  ["a whole guarantee", { annotations: { "egress-guarantee": "1000k" } }],
  ["a guarantee of nothing", { annotations: { "egress-guarantee": "0" } }],
  ["a binary one", { annotations: { "ingress-guarantee": "1.5Mi" } }],
  ["an exponent", { annotations: { "ingress-guarantee": "25e6" } }],
  ["the largest", { annotations: { "egress-guarantee": "1P" } }],
  [
    "beside what is requested otherwise",
    { annotations: { "egress-guarantee": "7M" }, containers: [{ cpu: "10m" }] },
  ],
  [
    "several containers",
    { annotations: { "egress-guarantee": "7M" }, containers: [{}, {}, { cpu: "1m" }] },
  ],
  ["with an init container", { annotations: { "egress-guarantee": "7M" }, inits: [{}] }],
  ["limits alone", { containers: [{ egress: "50", only: "limits" }] }],
  ["limits and requests", { containers: [{ egress: "50", ingress: "60" }] }],
  ["nothing of it, as a resource", { containers: [{ egress: "0" }] }],
  ["in thousands", { containers: [{ egress: "1k" }] }],
  ["of two containers", { containers: [{ egress: "50" }, { egress: "25", ingress: "1" }] }],
  [
    "with an annotation that is there",
    { annotations: { "a.b/c": "d" }, containers: [{ egress: "50" }] },
  ],
  ["init below the containers", { containers: [{ egress: "50" }], inits: [{ egress: "20" }] }],
  ["init above the containers", { containers: [{ egress: "50" }], inits: [{ egress: "80" }] }],
  ["init alone", { inits: [{ ingress: "80" }] }],
  ["a sidecar", { containers: [{ egress: "50" }], inits: [{ egress: "20", sidecar: true }] }],
  [
    "init after a sidecar",
    { containers: [{ egress: "5" }], inits: [{ egress: "20", sidecar: true }, { egress: "30" }] },
  ],
  [
    "init before a sidecar",
    { containers: [{ egress: "5" }], inits: [{ egress: "30" }, { egress: "20", sidecar: true }] },
  ],
  [
    "two sidecars around an init",
    {
      containers: [{}],
      inits: [{ egress: "20", sidecar: true }, { egress: "1" }, { egress: "9", sidecar: true }],
    },
  ],
  [
    "one direction by each",
    { annotations: { "egress-guarantee": "3M" }, containers: [{ ingress: "4" }] },
  ],
  ["both, equal", { annotations: { "egress-guarantee": "2500k" }, containers: [{ egress: "3" }] }],
  ["hostNetwork", { annotations: { "egress-guarantee": "3M" }, spec: { hostNetwork: true } }],
  ["hostNetwork and the resource", { containers: [{ egress: "3" }], spec: { hostNetwork: true } }],
  [
    "claims",
    {
      annotations: { "egress-guarantee": "3M" },
      spec: { resourceClaims: [{ name: "net", resourceClaimName: "net" }] },
    },
  ],
  [
    "claims, which may give what a latency target needs",
    {
      annotations: { "latency-target": "5ms" },
      spec: { resourceClaims: [{ name: "net", resourceClaimName: "net" }] },
    },
  ],
  ["a tier", { annotations: { tier: "high" } }],
  ["a tier with a number", { annotations: { tier: "numbered" } }],
  ["a tier of nothing", { annotations: { tier: "floor" } }],
  ["a tier of another class", { annotations: { tier: "elsewhere" } }],
  ["a tier and a guarantee", { annotations: { tier: "high", "egress-guarantee": "3M" } }],
  ["a tier and a guarantee of nothing", { annotations: { tier: "high", "egress-guarantee": "0" } }],
  ["a tier and the resource", { annotations: { tier: "high" }, containers: [{ egress: "3" }] }],
  [
    "a tier and nothing, as a resource",
    { annotations: { tier: "high" }, containers: [{ egress: "0" }] },
  ],
  ["a priority", { annotations: { "bandwidth.cilium.io/priority": "guaranteed" } }],
  ["a priority without a tier", { annotations: { "bandwidth.cilium.io/priority": "burstable" } }],
  [
    "a priority below a tier",
    { annotations: { "bandwidth.cilium.io/priority": "guaranteed", tier: "high" } },
  ],
];

/** The pod's own limit lowers what its tier gives: the limit under fairway.dev/ before Kubernetes' own. */
export const lowered: [string, Texts, Record<string, string>][] = [
  ["by a limit", { tier: "high", "egress-limit": "100M" }, { egress: "100", ingress: "2" }],
  [
    "by Kubernetes' limit",
    { tier: "high", "kubernetes.io/egress-bandwidth": "150M" },
    { egress: "150", ingress: "2" },
  ],
  [
    "by the stronger of two",
    { tier: "high", "egress-limit": "3G", "kubernetes.io/egress-bandwidth": "1M" },
    { egress: "2000", ingress: "2" },
  ],
  [
    "by none that is above",
    { tier: "high", "ingress-limit": "5M" },
    { egress: "2000", ingress: "2" },
  ],
];

const selector = { matchLabels: { app: "a" } };
const labelled = (shape: Shape): Json => {
  const { metadata, spec } = template(shape);
  return { metadata: { ...(metadata as Json), labels: { app: "a" } }, spec };
};
const never = { restartPolicy: "Never" };

/** Whatever has a pod in it, around this one. */
export const workloads: Record<string, (name: string, shape: Shape) => Json> = {
  Deployment: (name, shape) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { selector, template: labelled(shape) },
  }),
  StatefulSet: (name, shape) => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name },
    spec: { selector, serviceName: name, template: labelled(shape) },
  }),
  DaemonSet: (name, shape) => ({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name },
    spec: { selector, template: labelled(shape) },
  }),
  ReplicaSet: (name, shape) => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name },
    spec: { selector, template: labelled(shape) },
  }),
  Job: (name, shape) => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: { template: template({ ...shape, spec: { ...shape.spec, ...never } }) },
  }),
  CronJob: (name, shape) => ({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name },
    spec: {
      schedule: "0 0 * * *",
      jobTemplate: {
        spec: { template: template({ ...shape, spec: { ...shape.spec, ...never } }) },
      },
    },
  }),
  ReplicationController: (name, shape) => ({
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: { name },
    spec: { selector: { app: "a" }, template: labelled(shape) },
  }),
  PodTemplate: (name, shape) => ({
    apiVersion: "v1",
    kind: "PodTemplate",
    metadata: { name },
    template: labelled(shape),
  }),
};

const pods = (title: string, annotations: Texts, words: string[]): Wrong => [
  title,
  podOf("wrong", { annotations }),
  words,
];

type Wrong = [title: string, manifest: Json, words: string[]];

const lots: Shape = { annotations: { "egress-guarantee": "lots" } };
const rateAdvice = "Write a Kubernetes quantity in bits per second";

export const wrong: Wrong[] = [
  pods("a misspelt key", { "egress-garantee": "100M" }, [
    "fairway.dev/egress-garantee",
    "unknown annotation",
    'Did you mean "fairway.dev/egress-guarantee"?',
  ]),
  pods("a key with a letter too few", { "ingres-limit": "100M" }, [
    'Did you mean "fairway.dev/ingress-limit"?',
  ]),
  pods("a key in another spelling", { egressGuarantee: "100M" }, [
    'Did you mean "fairway.dev/egress-guarantee"?',
  ]),
  pods("a key with an underscore", { latency_target: "1ms" }, [
    'Did you mean "fairway.dev/latency-target"?',
  ]),
  pods("letters that changed places", { teir: "high" }, ['Did you mean "fairway.dev/tier"?']),
  pods("a key that is like none", { qos: "high" }, [
    "fairway.dev/qos: unknown annotation. Known: fairway.dev/tier,",
  ]),
  pods("the resource's name as a key", { "egress-mbps": "100" }, ["unknown annotation", "Known:"]),
  pods("more unknown keys than are told", { a1: "", b1: "", c1: "", d1: "", e1: "", f1: "" }, [
    "6 unknown annotations, such as fairway.dev/",
  ]),
  pods("a guarantee that is no rate", { "egress-guarantee": "lots" }, [
    'fairway.dev/egress-guarantee: "lots" is not a rate',
    rateAdvice,
  ]),
  pods("a guarantee without a number", { "ingress-guarantee": "" }, [
    'fairway.dev/ingress-guarantee: "" is not a rate',
  ]),
  pods("a unit of others", { "egress-guarantee": "100Mbit" }, ['"100Mbit" is not a rate']),
  pods("a space", { "egress-guarantee": "100 M" }, ['"100 M" is not a rate']),
  pods("a negative guarantee", { "egress-guarantee": "-5M" }, ['"-5M" is negative']),
  pods("milli, where mega was meant", { "egress-guarantee": "100m" }, [
    '"100m" is not a whole number of bits per second',
  ]),
  pods("a fraction of a bit", { "egress-guarantee": "1000.5" }, [
    '"1000.5" is not a whole number of bits per second',
  ]),
  pods("a fraction that CEL's own quantities round", { "egress-guarantee": "999999.9999999999" }, [
    "is not a whole number",
  ]),
  pods("less than the smallest rate", { "egress-guarantee": "999" }, [
    "is less than 1k (1 kbit/s), the smallest rate",
  ]),
  pods("more than the largest rate", { "egress-guarantee": "2P" }, [
    '"2P" is more than 1P (1 Pbit/s)',
  ]),
  pods("more than 64 bits", { "egress-guarantee": "9e99" }, ["is more than 1P"]),
  pods("more than is read", { "egress-guarantee": `${"0".repeat(64)}1M` }, [
    "is not a rate",
    "...",
  ]),
  pods("a line of its own", { "egress-guarantee": "1M\n" }, ["is not a rate"]),
  pods("a limit of nothing", { "egress-limit": "0" }, [
    'fairway.dev/egress-limit: "0" would let nothing pass',
  ]),
  pods("Kubernetes' egress", { "kubernetes.io/egress-bandwidth": "lots" }, [
    'kubernetes.io/egress-bandwidth: "lots" is not a rate',
  ]),
  pods("Kubernetes' ingress", { "kubernetes.io/ingress-bandwidth": "10" }, [
    'kubernetes.io/ingress-bandwidth: "10" is less than 1k',
  ]),
  pods("a burst that is no size", { "egress-burst": "some" }, [
    'fairway.dev/egress-burst: "some" is not a size',
    "Write a Kubernetes quantity in bytes",
  ]),
  pods("a burst of no bytes", { "egress-burst": "0", "egress-limit": "1M" }, [
    "would let nothing pass",
  ]),
  pods("a burst in minutes", { "ingress-burst": "1mins" }, ['"1mins" is not a duration']),
  pods("more burst than 32 bits", { "ingress-burst": "4Gi" }, ["is more than 4294967295 bytes"]),
  pods("a burst that the kernel cannot hold", { "egress-limit": "1k", "egress-burst": "300k" }, [
    "more than the kernel can hold",
    "34359 bytes",
  ]),
  pods("a target without a unit", { "latency-target": "5", "egress-guarantee": "1M" }, [
    'fairway.dev/latency-target: "5" is not a duration',
    '"us", "ms" or "s"',
  ]),
  pods("a target of nothing", { "latency-target": "0ms", "egress-guarantee": "1M" }, [
    "is no latency that a packet can have",
  ]),
  pods("a target without a guarantee", { "latency-target": "1ms" }, [
    "a latency target needs an egress guarantee",
    "fairway.dev/egress-guarantee",
  ]),
  pods(
    "a target and a guarantee of nothing",
    { "latency-target": "1ms", "egress-guarantee": "0" },
    ["needs an egress guarantee"],
  ),
  pods(
    "a target and a limit above the guarantee",
    { "latency-target": "1ms", "egress-guarantee": "1M", "egress-limit": "2M" },
    ["with fairway.dev/latency-target the limit is the guarantee"],
  ),
  pods("a guarantee above the limit", { "egress-guarantee": "200M", "egress-limit": "100M" }, [
    'fairway.dev/egress-guarantee "200M" is above the limit, fairway.dev/egress-limit "100M"',
    "Lower the guarantee or raise the limit",
  ]),
  pods(
    "a guarantee above Kubernetes' limit",
    { "ingress-guarantee": "200M", "kubernetes.io/ingress-bandwidth": "100M" },
    ['above the limit, kubernetes.io/ingress-bandwidth "100M"'],
  ),
  pods(
    "the limit under fairway.dev/ counts",
    {
      "egress-guarantee": "200M",
      "egress-limit": "100M",
      "kubernetes.io/egress-bandwidth": "300M",
    },
    ['above the limit, fairway.dev/egress-limit "100M"'],
  ),
  pods("a tier that none can be", { tier: "-high" }, [
    'fairway.dev/tier: "-high" cannot name a tier',
  ]),
  pods("a pool that none can be", { "ip-pool": "DB" }, [
    'fairway.dev/ip-pool: "DB" cannot name a pool',
  ]),
  pods("an address that is none", { ip: "10.1.2.300" }, [
    'fairway.dev/ip: "10.1.2.300" is not an IP address',
  ]),
  pods("an IPv6 address that is none", { ip: "10.1.2.3, fd00::1::2" }, ["is not an IP address"]),
  pods("two addresses of a family", { ip: "10.1.2.3,10.1.2.4" }, [
    "has more than one IPv4 address",
  ]),
  pods(
    "all at once",
    { "egress-garantee": "1M", "egress-limit": "lots", "ingress-guarantee": "-1" },
    ["unknown annotation", "is not a rate", "is negative"],
  ),
  [
    "the resource beside another annotation",
    podOf("wrong", { annotations: { "egress-guarantee": "100M" }, containers: [{ egress: "50" }] }),
    [
      'fairway.dev/egress-guarantee: "100M" is 100 Mbit/s, and the containers request 50 of fairway.dev/egress-mbps',
      "make them equal",
    ],
  ],
  [
    "the resource above a limit",
    podOf("wrong", {
      annotations: { "egress-limit": "10M" },
      containers: [{ egress: "50", only: "limits" }],
    }),
    ['is above the limit, fairway.dev/egress-limit "10M"'],
  ],
  ...Object.entries(workloads).map(
    ([kind, make]): Wrong => [
      `in a ${kind}`,
      make("wrong", lots),
      ['fairway.dev/egress-guarantee: "lots" is not a rate'],
    ],
  ),
  [
    "the resource above a limit, in a Deployment",
    workloads.Deployment?.("wrong", {
      annotations: { "egress-limit": "10M" },
      containers: [{ egress: "50", only: "limits" }],
    }) ?? {},
    ["fairway.dev/egress-mbps 50 is above the limit"],
  ],
];
