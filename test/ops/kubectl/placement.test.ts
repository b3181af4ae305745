import { expect, test } from "bun:test";
import type { Json } from "../../../src/kube/objects.ts";
import { keptAway } from "../../../src/ops/kubectl/placement.ts";
import { nodesShown } from "../../../src/ops/kubectl/seen.ts";
import { nodeObject } from "./objects.ts";

type Options = NonNullable<Parameters<typeof nodeObject>[1]>;

const affinity = (...terms: Json[]): Json => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
    },
  },
});
const term = (key: string, operator: string, ...values: string[]): Json => ({
  matchExpressions: [{ key, operator, values }],
});
const labels = { pool: "storage", cores: "8" };
const taint = { key: "dedicated", value: "db", effect: "NoSchedule" };
const unschedulable = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

test.each<[string, Json, Options, string[]]>([
  ["nothing is asked", {}, {}, []],
  ["a selector that is met", { nodeSelector: { pool: "storage" } }, { labels }, []],
  [
    "a selector that is not",
    { nodeSelector: { pool: "web" } },
    { labels },
    ["the pod's nodeSelector names others"],
  ],
  ["In", affinity(term("pool", "In", "web", "storage")), { labels }, []],
  ["NotIn", affinity(term("zone", "NotIn", "a")), { labels }, []],
  ["Exists", affinity(term("pool", "Exists")), { labels }, []],
  ["DoesNotExist", affinity(term("zone", "DoesNotExist")), { labels }, []],
  ["Gt", affinity(term("cores", "Gt", "4")), { labels }, []],
  ["Lt", affinity(term("cores", "Lt", "4")), { labels }, ["the pod's node affinity names others"]],
  ["one of two terms", affinity(term("zone", "Exists"), term("pool", "Exists")), { labels }, []],
  [
    "a term of nothing selects nothing",
    affinity({}),
    { labels },
    ["the pod's node affinity names others"],
  ],
  [
    "a field",
    affinity({ matchFields: [{ key: "metadata.name", operator: "In", values: ["node1"] }] }),
    {},
    [],
  ],
  ["a taint", {}, { taints: [taint] }, ["its taint dedicated is not tolerated"]],
  [
    "a taint that is tolerated",
    { tolerations: [{ key: "dedicated", operator: "Equal", value: "db", effect: "NoSchedule" }] },
    { taints: [taint] },
    [],
  ],
  [
    "of another value",
    { tolerations: [{ key: "dedicated", value: "web" }] },
    { taints: [taint] },
    ["its taint dedicated is not tolerated"],
  ],
  ["a toleration of all", { tolerations: [{ operator: "Exists" }] }, { taints: [taint] }, []],
  ["a taint that only prefers", {}, { taints: [{ ...taint, effect: "PreferNoSchedule" }] }, []],
  [
    "a cordon",
    {},
    { isCordoned: true, taints: [unschedulable] },
    ["its taint node.kubernetes.io/unschedulable is not tolerated"],
  ],
  ["a cordon of which no taint tells", {}, { isCordoned: true }, ["it is cordoned"]],
  ["a node that is not Ready", {}, { isReady: false }, ["it is not Ready"]],
])("%s", (_, spec, options, words) => {
  const [shown] = nodesShown([nodeObject("node1", options)], []);
  if (shown === undefined) throw new Error("there is no such node");
  expect(keptAway(spec, shown)).toEqual(words);
});
