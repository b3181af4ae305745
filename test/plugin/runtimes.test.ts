/** The order and the words in which runtimes call, by the field: with and without what they leave out. */
import { expect, test } from "bun:test";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type AddOptions, type Pod, type TestNode, withNode } from "../support/node.ts";

type Json = Record<string, unknown>;

/** A node that has had a pod: the base is there, and nothing of a pod. */
function used(node: TestNode): string {
  const first = node.pod("first");
  node.add(first);
  node.del(first);
  return dumpNode(node.lab.node);
}

const podArguments = [
  "K8S_POD_NAMESPACE=shop",
  "K8S_POD_NAME=web-0",
  "K8S_POD_INFRA_CONTAINER_ID=a",
  "K8S_POD_UID=4f2d",
];
const guarantee = { "fairway.dev/egress-guarantee": "100M" };
const annotationsKey = "io.kubernetes.cri.pod-annotations";

test.each<[string, AddOptions, string]>([
  [
    "containerd: Go's field names, a list that is null, and capabilities that are not ours",
    {
      args: ["IgnoreUnknown=1", ...podArguments].join(";"),
      runtimeConfig: {
        [annotationsKey]: guarantee,
        bandwidth: { IngressRate: 0, IngressBurst: 0, EgressRate: 200e6, EgressBurst: 4294967295 },
        portMappings: null,
        dns: { Servers: ["198.18.0.2"], Searches: null, Options: null },
        cgroupPath: "/kubepods/pod4f2d",
      },
    },
    "rate 100Mbit ceil 200Mbit",
  ],
  [
    "containerd: the pod has no annotations",
    {
      args: [...podArguments, "IgnoreUnknown=1"].join(";"),
      runtimeConfig: { [annotationsKey]: null, portMappings: [] },
    },
    "rate 8Kbit ceil 800Mbit",
  ],
  [
    "CRI-O: the conventions' names, and its burst that means none",
    {
      args: ["IgnoreUnknown=1", ...podArguments].join(";"),
      runtimeConfig: {
        [annotationsKey]: guarantee,
        bandwidth: { egressRate: 200e6, egressBurst: 34359738359 },
        cgroupPath: "kubepods.slice",
      },
    },
    "rate 100Mbit ceil 200Mbit",
  ],
  [
    "a capability that nobody knows",
    { runtimeConfig: { [annotationsKey]: guarantee, "example.com/shape": { round: true } } },
    "rate 100Mbit ceil 800Mbit",
  ],
])("an ADD as it is sent: %s", (_, options, kernelClass) =>
  withNode((node) => {
    node.add(node.pod("a"), options);
    expect(node.run("tc", "class", "show", "dev", "uplink", "classid", "fa01:10")).toContain(
      kernelClass,
    );
  }),
);

interface Step {
  verb: string;
  /** Else CNI_NETNS is empty, as after the runtime has closed the namespace. */
  withNetns?: boolean;
  /** What libcni adds from its cache. */
  withResult?: boolean;
  /** The code of the error; absent: it succeeds. */
  code?: number;
}

const add: Step = { verb: "ADD", withNetns: true };
const refusedAdd: Step = { ...add, code: 100 };
const check: Step = { verb: "CHECK", withNetns: true, withResult: true };
const del: Step = { verb: "DEL", withNetns: true, withResult: true };
/** The cached result goes with the first DEL, and the namespace with the stop. */
const delLater: Step = { verb: "DEL" };
const delWithoutCache: Step = { verb: "DEL", withNetns: true };

test.each<[string, Step[], AddOptions]>([
  ["containerd: stopped, stopped again, removed", [add, del, delLater, delLater], {}],
  [
    "containerd: an ADD that is refused, its roll-back, stop and removal",
    [refusedAdd, delWithoutCache, delLater, delLater],
    { annotations: { "fairway.dev/egress-guarantee": "900M" } },
  ],
  [
    "a kubelet that tries again",
    [refusedAdd, delWithoutCache, refusedAdd, delWithoutCache],
    {
      annotations: { "fairway.dev/egress-guarantee": "900M" },
    },
  ],
  ["the cache is lost", [add, delWithoutCache, delLater], {}],
  ["the namespace is closed first, the cache is lost", [add, delLater, delLater], {}],
  ["CRI-O: CHECK straight after ADD", [add, check, del, delLater], {}],
  ["a DEL of what was never added", [delLater, delWithoutCache, delLater], {}],
  ["the same sandbox comes again", [add, del, add, check, del, delLater], {}],
])("%s: nothing is left", (_, steps, options) =>
  withNode((node) => {
    const before = used(node);
    const pod = node.pod("a");
    const bare = dumpPod(pod.namespace);
    let result: Json = {};
    for (const step of steps) {
      const as: Pod = step.withNetns ? pod : { ...pod, netns: "" };
      const config = step.withResult ? { prevResult: result } : {};
      const done = node.verb(step.verb, as, { ...options, config });
      expect([step.verb, done.code === 0 ? undefined : done.json.code]).toEqual([
        step.verb,
        step.code,
      ]);
      if (step.verb === "ADD") result = done.json;
      else expect(done.stdout).toBe("");
    }
    expect(dumpNode(node.lab.node)).toBe(before);
    expect(dumpPod(pod.namespace)).toBe(bare);
    expect(JSON.parse(node.fairway("status", "--no-measure", "--json").stdout)).toHaveProperty(
      "pods",
      [],
    );
  }),
);
