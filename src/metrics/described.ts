/**
 * What is told of a node to a monitor: each metric's name, kind, labels and meaning. docs/metrics.md has the same
 * table (`bun test/docs/metrics-main.ts` writes it). Units are Prometheus's base units: bytes and seconds.
 */
export interface Described {
  type: "counter" | "gauge" | "histogram";
  labels: readonly string[];
  help: string;
}

const ofPod = ["namespace", "pod", "direction", "tier"] as const;
const ofTree = ["direction"] as const;

export const described = {
  fairway_pod_bytes_total: {
    type: "counter",
    labels: ofPod,
    help: "What passed the pod's class, in bytes of Ethernet frames.",
  },
  fairway_pod_packets_total: {
    type: "counter",
    labels: ofPod,
    help: "What passed the pod's class, in packets.",
  },
  fairway_pod_drops_total: {
    type: "counter",
    labels: ofPod,
    help: "Packets that the queue of the pod's class dropped.",
  },
  fairway_pod_backlog_bytes: {
    type: "gauge",
    labels: ofPod,
    help: "What waits in the pod's class at this moment.",
  },
  fairway_pod_queue_delay_seconds: {
    type: "gauge",
    labels: ofPod,
    help: "The mean time that a byte waited in the pod's class, over the last ten seconds; absent where some waited and none was sent.",
  },
  fairway_pod_guarantee_bytes_per_second: {
    type: "gauge",
    labels: ofPod,
    help: "The guarantee in force; 0 is best effort.",
  },
  fairway_pod_limit_bytes_per_second: {
    type: "gauge",
    labels: ofPod,
    help: "The limit in force; absent where there is none but the tree's rate.",
  },
  fairway_pod_demand_seconds_total: {
    type: "counter",
    labels: ofPod,
    help: "For how long packets waited in the class of a pod with a guarantee, so that it could have sent more.",
  },
  fairway_pod_guarantee_missed_seconds_total: {
    type: "counter",
    labels: ofPod,
    help: "For how long, of the seconds with demand, less than the guarantee passed.",
  },
  fairway_tree_capacity_bytes_per_second: {
    type: "gauge",
    labels: ofTree,
    help: "What the tree shares out.",
  },
  fairway_tree_reserve_bytes_per_second: {
    type: "gauge",
    labels: ofTree,
    help: "What is kept for the node itself.",
  },
  fairway_tree_promised_bytes_per_second: {
    type: "gauge",
    labels: ofTree,
    help: "The sum of the pods' guarantees, as they were promised.",
  },
  fairway_tree_left_bytes_per_second: {
    type: "gauge",
    labels: ofTree,
    help: "What can still be promised; below zero more is promised than there is.",
  },
  fairway_tree_bytes_total: {
    type: "counter",
    labels: ofTree,
    help: "What left by the tree's root.",
  },
  fairway_tree_unclassified_bytes_total: {
    type: "counter",
    labels: ofTree,
    help: "What no pod and no host class claimed: on egress what passed the host's own class, on ingress what passed no class.",
  },
  fairway_tree_delay_bound_seconds: {
    type: "gauge",
    labels: ofTree,
    help: "The longest of the delay bounds of the pods with a latency target; absent without one.",
  },
  fairway_verb_duration_seconds: {
    type: "histogram",
    labels: ["verb", "way"],
    help: "How long verbs took: by the agent, or by a process of its own that a launcher started in its place.",
  },
  fairway_drift_found_total: {
    type: "counter",
    labels: ["kind"],
    help: "What a look found that is not as the ledger says, by the kind of kernel object.",
  },
  fairway_drift_repaired_total: {
    type: "counter",
    labels: ["kind"],
    help: "What the agent put back, by the kind of kernel object.",
  },
  fairway_drift_fights_total: {
    type: "counter",
    labels: [],
    help: "What came back again and again after it was repaired: something else on the node sets it.",
  },
  fairway_ledger_attachments: {
    type: "gauge",
    labels: ["phase"],
    help: "Attachments in the ledger, by the phase of their lives.",
  },
  fairway_ledger_size_bytes: {
    type: "gauge",
    labels: [],
    help: "The size of the ledger's file and its log.",
  },
  fairway_pool_addresses: {
    type: "gauge",
    labels: ["network", "set"],
    help: "How many addresses a range set can give, by its number in the configuration.",
  },
  fairway_pool_addresses_given: {
    type: "gauge",
    labels: ["network", "set"],
    help: "How many of them are given, kept or taken over.",
  },
  fairway_build_info: {
    type: "gauge",
    labels: ["version", "build", "target"],
    help: "The agent's build; always 1.",
  },
  fairway_agent_start_time_seconds: {
    type: "gauge",
    labels: [],
    help: "When the agent began, in seconds of Unix time.",
  },
} as const satisfies Record<string, Described>;

export type MetricName = keyof typeof described;

export interface Value {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** What is told at one moment, without histograms. */
export type Values = Readonly<Partial<Record<MetricName, readonly Value[]>>>;
