/**
 * The JSON schema (draft-07) of one plugin configuration: what stands in the conflist's `plugins`, with what
 * libcni adds. It is documentation too: `conf/fairway.schema.json` is this, for editors.
 *
 * What a schema cannot say well (units, rules across keys) is in the parsers and in `rules.ts`. The schema is
 * compiled ahead of time by `scripts/generate.ts`.
 */
import { knownAnnotations } from "./annotations.ts";
import { defaults } from "./defaults.ts";
import { ownIpamTypes } from "./delegate.ts";
import { anyName } from "./policy.ts";
import { overcommits } from "./types.ts";

export interface Schema {
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  enum?: readonly string[];
  const?: unknown;
  minItems?: number;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  not?: Schema;
  anyOf?: Schema[];
}

function rate(title: string, description: string): Schema {
  return {
    title,
    description: `${description} A Kubernetes quantity in bits per second ("400M", "1.5G") or a number. Counts Ethernet frames: the IP packet and 14 bytes.`,
    type: ["string", "number"],
  };
}

function burst(direction: string, about: string): Schema {
  return {
    title: `${direction} burst`,
    description: `What a pod may ${direction === "egress" ? "send" : "receive"} ahead of its rates: a quantity in bytes ("64Ki"), or a time ("4ms") of the limit if there is one, else of the guarantee. ${about}`,
    type: ["string", "number"],
  };
}

function text(title: string, description: string): Schema {
  return { title, description, type: "string" };
}

function texts(title: string, description: string): Schema {
  return { title, description, type: "array", items: text(title, description) };
}

function whole(title: string, description: string, minimum: number, maximum: number): Schema {
  return { title, description, type: "integer", minimum, maximum };
}

/** An object of our own keys, which takes no key that we do not know. */
function object(title: string, description: string, properties: Record<string, Schema>): Schema {
  return { title, description, type: "object", properties, additionalProperties: false };
}

/** Keys that libcni or the specification defines and whose insides are not ours to judge here. */
function foreign(title: string, description: string, type: string | string[]): Schema {
  return { title, description, type };
}

const range: Record<string, Schema> = {
  subnet: text(
    "Subnet",
    'The network that the addresses lie in, as in "10.244.1.0/24" (/30 or larger) or "fd00:10:244:1::/64" (/126 or larger).',
  ),
  rangeStart: text("Range start", "The first address to give. Default: the first of the subnet."),
  rangeEnd: text(
    "Range end",
    "The last address to give. Default: the last of the subnet, for IPv4 before the broadcast address.",
  ),
  gateway: text(
    "Gateway",
    "The bridge's address in this subnet. Default: the first of the subnet.",
  ),
};

const route = object("Route", "A route in the pod.", {
  dst: text("Destination", 'A network, as in "0.0.0.0/0" or "::/0".'),
  gw: text(
    "Gateway",
    "The next hop, in the pod's subnet. Default: the gateway of the first subnet of its family.",
  ),
  // This is the largest that the kernel takes. Above it, the kernel takes less without a word
  // (ip_metrics_convert, net/ipv4/metrics.c).
  mtu: whole("MTU", "The route's own, in bytes.", 0, 65_520),
  advmss: whole("Advertised MSS", "The segment size that TCP announces, in bytes.", 0, 65_495),
  priority: whole("Priority", "The metric: the lower goes first.", 0, 2 ** 32 - 1),
  table: whole("Table", "The routing table's number. Default: the main one, 254.", 1, 2 ** 32 - 1),
  scope: whole(
    "Scope",
    "As the kernel counts: 0 global, 253 link (no next hop), 254 host. Default: what follows from gw.",
    0,
    254,
  ),
});

const ipam = object("Addresses", "Where the pods' addresses come from. Keys as in host-local.", {
  type: {
    title: "Type",
    description:
      "The IPAM plugin. With another one than Fairway's own, all other keys here are that plugin's.",
    type: "string",
    enum: ownIpamTypes,
    default: "fairway",
  },
  ...range,
  ranges: {
    title: "Range sets",
    description: "Sets of ranges, each of one family; a pod gets one address from each set.",
    type: "array",
    items: {
      title: "Range set",
      description: "Ranges that are tried in this order.",
      type: "array",
      items: { ...object("Range", "A part of a subnet.", range), required: ["subnet"] },
    },
  },
  exclude: {
    title: "Excluded addresses",
    description: "Networks or single addresses that are never given.",
    type: "array",
    items: text("Excluded", 'A network or an address, as in "10.244.1.16/28".'),
  },
  routes: {
    title: "Routes",
    description:
      'Routes in the pod. Without one to "0.0.0.0/0" ("::/0" for IPv6) it reaches its own subnet only.',
    type: "array",
    items: { ...route, required: ["dst"] },
  },
  resolvConf: text(
    "Resolver file",
    "A file like /etc/resolv.conf, whose servers and domains become the result's dns. An absolute path.",
  ),
  pools: {
    title: "Pools",
    description:
      "Addresses set apart, by name: only a pod that asks for the pool with the annotation fairway.dev/ip-pool gets one.",
    type: "object",
    additionalProperties: {
      title: "Pool",
      description: "Networks or single addresses of the ranges above.",
      type: "array",
      minItems: 1,
      items: text("Block", 'A network or an address, as in "10.244.1.16/28".'),
    },
  },
  stickyFor: text(
    "Kept for",
    'How long a pod that asked for its address (fairway.dev/ip, fairway.dev/ip-pool) keeps it after it went, for the next pod of its name: "1h". Default: not at all.',
  ),
});

const derived = "Without it, derived from the rates.";

const tier = object(
  "Tier",
  "What a pod of this tier is promised. Without a guarantee: best effort.",
  {
    egressGuarantee: rate("Egress guarantee", "What the pod can always send."),
    ingressGuarantee: rate("Ingress guarantee", "What the pod can always receive."),
    egressLimit: rate("Egress limit", "The most that the pod can send."),
    ingressLimit: rate("Ingress limit", "The most that the pod can receive."),
    egressBurst: burst("egress", derived),
    ingressBurst: burst("ingress", derived),
    latencyTarget: text(
      "Latency target",
      'The longest that a packet may wait in the node on its way out: "500us", "1ms". Needs an egress guarantee, and makes the limit equal to the guarantee.',
    ),
  },
);

const policyRules: Record<string, Schema> = {
  annotations: {
    title: "Allowed annotations",
    description: 'Those that a pod may carry; "*" is all. Others that Fairway knows are refused.',
    type: "array",
    items: {
      ...text("Annotation", "Its full name."),
      enum: [anyName, ...knownAnnotations],
    },
  },
  tiers: {
    title: "Allowed tiers",
    description: 'Those that a pod may pick, beside the default one; "*" is all.',
    type: "array",
    items: text("Tier", "A name in tiers."),
  },
  maxEgressGuarantee: rate("Largest egress guarantee", "0: none."),
  maxIngressGuarantee: rate("Largest ingress guarantee", "0: none."),
  maxEgressLimit: rate("Largest egress limit", "That of pods without one, too."),
  maxIngressLimit: rate("Largest ingress limit", "That of pods without one, too."),
  maxEgressBurst: burst("egress", "The largest that may be asked for."),
  maxIngressBurst: burst("ingress", "The largest that may be asked for."),
  minLatencyTarget: text("Least latency target", 'The least that may be asked for: "1ms".'),
};

const policy = object("Policy", "What pods may have, by namespace. Without it: anything.", {
  default: object(
    "Default",
    "The rules of namespaces that are not named, and what the others leave out.",
    policyRules,
  ),
  namespaces: {
    title: "Namespaces",
    description: "Rules by the name of the pod's namespace.",
    type: "object",
    additionalProperties: object("Namespace", "What is left out is as in default.", policyRules),
  },
});

const uplink = object(
  "Uplink",
  "The interface that the pods' traffic leaves and reaches the node by.",
  {
    name: text("Name", "The interface. Default: the one of the default route."),
    egressCapacity: rate("Egress capacity", "What it can send. Default: the link's speed."),
    ingressCapacity: rate(
      "Ingress capacity",
      "What it can receive; 5-10% under the wire keeps the queue on this node. Default: the link's speed.",
    ),
    reserve: {
      title: "Reserve",
      description:
        "Kept back in each direction for the host's own traffic and the best-effort pods: a percentage of the capacity or a rate.",
      type: ["string", "number"],
      default: `${defaults.reserve.percent}%`,
    },
    policeHost: {
      title: "Police the host's ingress",
      description:
        "Keep what the host itself receives by the uplink (image pulls) to what is not promised to pods, and at least the reserve. Small packets pass.",
      type: "boolean",
      default: defaults.policeHost,
    },
    gsoMaxSize: {
      title: "GSO size",
      description:
        "Set the uplink's gso_max_size, in bytes: the largest unit that the host's own TCP puts into the egress tree, which every latency target has to wait for. At 1 Gbit/s 65536 bytes take 0.5 ms, 9000 bytes 72 us. Default: left as it is.",
      type: "integer",
      // Below three segments of a usual MTU the size costs processor time and saves none. The maximum is the
      // kernel's default.
      minimum: 4_500,
      maximum: 65_536,
    },
  },
);

const hostClass = object(
  "Host class",
  "A guarantee for what the node itself sends to or from these ports.",
  {
    ports: {
      title: "Ports",
      description: "TCP and UDP ports, of either side.",
      type: "array",
      minItems: 1,
      items: {
        title: "Port",
        description: "3260 is iSCSI.",
        type: "integer",
        minimum: 1,
        maximum: 65_535,
      },
    },
    egressGuarantee: rate("Egress guarantee", "What this traffic can always send."),
  },
);

const ours: Record<string, Schema> = {
  bridge: {
    ...text("Bridge", "The pods' bridge; made if it is not there. One per node."),
    default: defaults.bridge,
  },
  mtu: {
    title: "MTU",
    description: "The pods' MTU in bytes; 1280 or more with IPv6. Default: the uplink's.",
    type: "integer",
    // The minimum is the least that every IPv4 host must take (RFC 791). IP's total length has 16 bits.
    minimum: 576,
    maximum: 65_535,
  },
  ipMasq: {
    title: "Masquerade",
    description:
      "Give traffic that leaves the node by the uplink the node's address, of both families.",
    type: "boolean",
    default: defaults.ipMasq,
  },
  ipMasqExcept: {
    title: "No masquerade to",
    description: "Networks to which pods keep their own addresses: the other nodes' pods, for one.",
    type: "array",
    items: text("Network", 'As in "10.244.0.0/16"; "::/0": no masquerade of IPv6.'),
  },
  antiSpoof: {
    title: "Anti-spoofing",
    description:
      "Whether a pod's frames leave only with its own MAC and IP addresses; all others are dropped and counted. The same for all networks of a node.",
    type: "boolean",
    default: defaults.antiSpoof,
  },
  uplink,
  hostClasses: {
    title: "Host classes",
    description:
      "Named guarantees for the node's own traffic, beside the reserve: storage (iSCSI 3260, NFS 2049, NVMe/TCP 4420), the kubelet (10250), the control plane (6443).",
    type: "object",
    additionalProperties: { ...hostClass, required: ["ports", "egressGuarantee"] },
  },
  tiers: {
    title: "Tiers",
    description: "Named promises; a pod picks one with the annotation fairway.dev/tier.",
    type: "object",
    additionalProperties: tier,
  },
  defaultTier: text("Default tier", "The tier of pods that pick none. Default: none, best effort."),
  policy,
  overcommit: {
    title: "Overcommit",
    description:
      'What happens when a guarantee does not fit: "reject" refuses the pod, "scale" shrinks all guarantees of that direction in proportion.',
    type: "string",
    enum: overcommits,
    default: defaults.overcommit,
  },
  ipam,
  dataDir: {
    ...text("Data folder", "Where the ledger lives: a local file system; an absolute path."),
    default: defaults.dataDir,
  },
  logFile: text("Log file", "An absolute path. Default: stderr."),
  logLevel: {
    title: "Log level",
    description: "The least that is logged.",
    type: "string",
    enum: ["debug", "info", "warn", "error", "silent"],
    default: defaults.log.level,
  },
};

const spec: Record<string, Schema> = {
  type: foreign("Type", "The plugin's file name.", "string"),
  capabilities: foreign("Capabilities", "What the runtime may put into runtimeConfig.", "object"),
  cniVersion: foreign("CNI version", "Put in from the conflist by the runtime.", "string"),
  name: foreign("Network name", "Put in from the conflist by the runtime.", "string"),
  args: foreign("Arguments", "args.cni.ips asks for addresses.", ["object", "null"]),
  // A runtime's decoder refuses a whole result for one wrong type in it.
  dns: object("DNS", "Passed on to the result.", {
    nameservers: texts("Name servers", "Addresses, the first is asked first."),
    domain: text("Domain", "The local one, for short names."),
    search: texts("Search domains", "For short names, the first is tried first."),
    options: texts("Options", "The resolver's."),
  }),
  prevResult: foreign("Previous result", "Put in by the runtime.", ["object", "null"]),
  runtimeConfig: foreign("Runtime configuration", "Put in by the runtime.", ["object", "null"]),
  "cni.dev/valid-attachments": foreign("Valid attachments", "Put in by the runtime for GC.", [
    "array",
    "null",
  ]),
  "cni.dev/attachments": foreign("Attachments", "As cni.dev/valid-attachments, of older drafts.", [
    "array",
    "null",
  ]),
};

export const schema: Schema & { $schema: string } = {
  $schema: "http://json-schema.org/draft-07/schema#",
  ...object(
    "Fairway",
    "A configuration of the CNI plugin Fairway. With ipam Fairway makes the pods' interfaces; without, it is chained after the plugin that does.",
    { ...spec, ...ours },
  ),
};
