/**
 * Each block of code in the pages for users, and what holds it to be true. test/docs/blocks.test.ts wants a row for
 * each block. A row names a block by its first words.
 */

/** A file of tests takes it from the page and runs it, by its first words or by the `words` above it. */
interface Run {
  by: string;
  words?: string;
}

/** It is read by the program that it is for. `why` says why it is not run. */
export interface Read {
  as:
    | "configuration"
    | "annotations"
    | "resources"
    | "chart values"
    | "scrape configuration"
    | "usage";
  why: string;
}

/** There is nothing to run in it. */
interface Shown {
  shown: string;
}

export type Row = readonly [begins: string, Run | Read | Shown];

const onNode: Run = { by: "test/docs/on-a-node.test.ts" };
const onMachine: Run = { by: "test/docs/on-a-machine.test.ts" };
const onServer: Run = { by: "test/cluster/pages.cluster.ts" };
const onViewers: Run = { by: "test/cluster/kubectl-fairway.ts" };

const configuration = {
  as: "configuration",
  why: "it is a part of a file, which the plugin's own parser reads whole",
} as const;
const annotations = {
  as: "annotations",
  why: "it is a part of a manifest; the words are read as an ADD reads them",
} as const;
const usage = { as: "usage", why: "it lists what may be given, and is no command" } as const;

export const rows: Readonly<Record<string, readonly Row[]>> = {
  "README.md": [
    [
      "scripts/build-image",
      {
        shown:
          "scripts/test-cluster makes the image by the first line and imports it as the last line does; the line between them pushes to a registry of the reader's",
      },
    ],
    [
      "helm install fairway",
      { by: "test/cluster/chart.cluster.ts", words: "By Helm, with the uplinks' true capacities" },
    ],
    [
      "kubectl run web",
      { by: "test/cluster/chart.cluster.ts", words: "Then a pod with a promise" },
    ],
    ["modprobe br_netfilter", onMachine],
    ["metadata:", annotations],
    ["fairway.dev/egress-garantee: unknown annotation", onNode],
  ],
  "docs/admission.md": [["$ kubectl annotate pod cart", onServer]],
  "docs/agent.md": [
    ["fairway agent [--socket", usage],
    ["curl --unix-socket", onMachine],
  ],
  "docs/agent-reference.md": [["{ printf", onMachine]],
  "docs/architecture.md": [["   container runtime", { shown: "a picture" }]],
  "docs/claims.md": [
    ["helm upgrade fairway", onServer],
    ["apiVersion: resource.k8s.io/v1", onServer],
    [
      "the egress guarantee (100M)",
      { shown: "a line of `fairway status`; test/plugin/claims.test.ts looks at such lines" },
    ],
  ],
  "docs/cluster.md": [
    ["fairway agent --cluster", usage],
    ["kubectl annotate pod cart", onServer],
  ],
  "docs/bandwidthclass.md": [
    ["apiVersion: fairway.dev/v1alpha1", onServer],
    ["kubectl get nodes", onServer],
  ],
  "docs/commands.md": [
    ["$ fairway status", { by: "test/docs/sample.test.ts" }],
    ["$ nft delete element", onNode],
    ['{"level":30', onNode],
  ],
  "docs/config.md": [
    ['"hostClasses"', configuration],
    ['"policy"', configuration],
    ['"ipam"', configuration],
    ['"plugins"', configuration],
  ],
  "docs/errors.md": [["{\n", onNode]],
  "docs/install.md": [
    ["# fairway install --subnet", onMachine],
    ["ln -s", onMachine],
    ["# fairway install --agent", onMachine],
    ["[Service]", onMachine],
  ],
  "docs/install-beside.md": [
    ["# fairway install --chain", { by: "test/docs/chained.test.ts" }],
    ["# fairway adopt --dry-run", { by: "test/docs/chained.test.ts" }],
  ],
  "docs/install-cluster.md": [
    [
      "helm upgrade fairway",
      { by: "test/cluster/chart.cluster.ts", words: "To leave the nodes as they were:" },
    ],
  ],
  "docs/uninstall.md": [["# fairway uninstall", onMachine]],
  "docs/ipam.md": [['{"type": "bridge"', configuration]],
  "docs/kubectl.md": [
    ["ln -s", onViewers],
    ["openssl req -x509", onViewers],
    ["$ kubectl fairway nodes", { by: "test/docs/kubectl.test.ts" }],
    ["$ kubectl fairway explain", { by: "test/docs/kubectl.test.ts" }],
  ],
  "docs/latency.md": [["        b_i + sum", { shown: "a formula" }]],
  "docs/metrics.md": [
    ["curl --unix-socket", onMachine],
    [
      "helm upgrade fairway",
      {
        as: "chart values",
        why: "it wants a Prometheus operator in the cluster; Helm renders the chart with the values",
      },
    ],
    [
      "scrape_configs:",
      { as: "scrape configuration", why: "it is a file of Prometheus, and promtool reads it" },
    ],
  ],
  "docs/recipes.md": [
    ['metadata:\n  annotations:\n    fairway.dev/egress-guarantee: "1G"', annotations],
    ['"hostClasses"', configuration],
    ['metadata:\n  annotations:\n    fairway.dev/egress-guarantee: "80M"', annotations],
    ["metadata:\n  annotations:\n    fairway.dev/egress-limit", annotations],
    ['"policy"', configuration],
    ["resources:", { as: "resources", why: "it is a part of a manifest, which admission reads" }],
  ],
  "docs/scheduling.md": [
    ["published = ", { shown: "a formula" }],
    ["kubectl patch node", onServer],
    [
      "apiVersion: v1\nkind: ResourceQuota",
      { by: "test/cluster/budget.ts", words: "admission changes pods before quotas count them." },
    ],
    [
      "apiVersion: v1\nkind: LimitRange",
      {
        by: "test/cluster/budget.ts",
        words: "a LimitRange, which gives each container the resource:",
      },
    ],
    ["0/2 nodes are available", { shown: "the scheduler's words" }],
    ["spec:\n  strategy:", onServer],
  ],
  "docs/set.md": [
    ["# fairway set shop/cart", onNode],
    ["# fairway set-capacity", onNode],
  ],
  "docs/try.md": [
    ["GOBIN=", { by: "test/docs/try.test.ts" }],
    ["for name in", { by: "test/docs/try.test.ts" }],
  ],
  "docs/tutorial.md": [
    ['"hostClasses"', configuration],
    ['"tiers"', configuration],
    ['"policy"', configuration],
  ],
  "docs/ui.md": [
    ["[Service]", onMachine],
    ["# fairway ui", onMachine],
  ],
};
