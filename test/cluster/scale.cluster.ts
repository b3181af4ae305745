/**
 * What the agents of a cluster ask of the API server together: the real one counts it. The nodes are objects,
 * and their agents are as on a node that has had no pod's ADD.
 */
import { expect, test } from "bun:test";
import { Member } from "../../src/cluster/member.ts";
import { kubeconfigAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { atOnce } from "../support/at-once.ts";
import { type ApiServer, apiServer } from "./api-server.ts";
import { install, nodeObject } from "./member-node.ts";
import { hasApiServer } from "./tools.ts";

const podsOfNode = 20;
const changedPods = 100;
const restMs = 10_000;
/** So many requests of this test's own are under way at once. */
const most = 20;

const nameOf = (node: number): string => `node-${node}`;

const podObject = (node: number, pod: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: pod, annotations: { "fairway.dev/egress-guarantee": "10M" } },
  spec: {
    nodeName: nameOf(node),
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "c", image: "none" }],
  },
});

interface Counted {
  requests: number;
  /** Of answers, and of what watches told. */
  bytes: number;
  /** How many changes of pods were told, to whomever. */
  podEvents: number;
}

/** The sum of a metric over the lines that match. */
function sumOf(text: string, metric: string, isCounted = /./): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${metric}{`) || !isCounted.test(line)) continue;
    sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}

/** It does not count itself: no resource is asked for. */
async function counted(server: ApiServer): Promise<Counted> {
  const text = await server.kubectl("get", "--raw", "/metrics");
  const ours = /resource="(pods|nodes|events|bandwidthclasses)"/;
  return {
    requests: sumOf(text, "apiserver_request_total", ours),
    bytes:
      sumOf(text, "apiserver_response_sizes_sum", ours) +
      sumOf(text, "apiserver_watch_events_sizes_sum"),
    podEvents: sumOf(text, "apiserver_watch_events_sizes_count", /kind="Pod"|resource="pods"/),
  };
}

const less = (after: Counted, before: Counted): Counted => ({
  requests: after.requests - before.requests,
  bytes: after.bytes - before.bytes,
  podEvents: after.podEvents - before.podEvents,
});

interface Found {
  nodes: number;
  pods: number;
  start: Counted;
  rest: Counted;
  changes: Counted;
}

async function measured(nodes: number): Promise<Found> {
  const server = await apiServer();
  const ending = new AbortController();
  try {
    await server.until("there is a default namespace", async () => {
      const { code } = await server.tryKubectl(["get", "namespace", "default"]);
      return code === 0;
    });
    await server.tryKubectl(["create", "serviceaccount", "default"]);
    await install(server);
    // A kind that was just made is not served at once.
    await server.until("classes are served", async () => {
      const { code } = await server.tryKubectl(["get", "bandwidthclasses"]);
      return code === 0;
    });
    const access = kubeconfigAccess(server.kubeconfig);
    const client = new KubeClient(access, "fairway-test");
    const { signal } = ending;
    const all = Array.from({ length: nodes }, (_, node) => node);
    const taints = [{ key: "fairway.dev/agent-not-ready", effect: "NoSchedule" }];
    await atOnce(all, most, (node) =>
      client.create("/api/v1/nodes", nodeObject(nameOf(node), { spec: { taints } }), signal),
    );
    const pods = all.flatMap((node) =>
      Array.from({ length: podsOfNode }, (_, pod) => ({ node, pod: `pod-${node}-${pod}` })),
    );
    const path = "/api/v1/namespaces/default/pods";
    const make = ({ node, pod }: { node: number; pod: string }) =>
      client.create(path, podObject(node, pod), signal);
    await atOnce(pods, most, make);

    const before = await counted(server);
    const troubles: string[] = [];
    const open = new Set<string>();
    const agents = all.map((node) => {
      const member = new Member({
        access: kubeconfigAccess(server.kubeconfig),
        node: nameOf(node),
        routes: false,
        dra: false,
        unmetAfterMs: 60_000,
        userAgent: "fairway-agent/test",
        confDir: "/nowhere",
        dataDir: "/nowhere",
        ledger: () => null,
        whyNot: () => null,
        treesAhead: () => null,
        isBusy: () => false,
        tell: (level, msg) => {
          if (level === "error") troubles.push(msg);
          else if (msg.includes("open to pods")) open.add(nameOf(node));
        },
        signal,
      });
      member.ready();
      return member.run();
    });
    await server.until("all nodes are open to pods", () => Promise.resolve(open.size === nodes));
    await Bun.sleep(2_000);
    const begun = await counted(server);
    await Bun.sleep(restMs);
    const rested = await counted(server);
    const some = Array.from({ length: changedPods }, (_, at) => ({
      node: at % nodes,
      pod: `more-${at}`,
    }));
    await atOnce(some, most, make);
    await atOnce(some, most, ({ pod }) =>
      client.ask({ method: "DELETE", path: `${path}/${pod}`, signal }),
    );
    await Bun.sleep(2_000);
    const changed = await counted(server);
    ending.abort();
    await Promise.all(agents);
    expect(troubles).toEqual([]);
    return {
      ...{ nodes, pods: pods.length },
      start: less(begun, before),
      rest: less(rested, begun),
      changes: less(changed, rested),
    };
  } finally {
    ending.abort();
    await server.down();
  }
}

const words = ({ requests, bytes, podEvents }: Counted): string =>
  `${requests} requests, ${(bytes / 1024).toFixed(0)} KiB, ${podEvents} changes of pods told`;

const title = "what agents ask of the API server grows with the cluster, and no faster";

test.skipIf(!hasApiServer)(
  hasApiServer ? title : `${title} (needs Go)`,
  async () => {
    const found: Found[] = [];
    for (const nodes of [25, 50]) {
      const one = await measured(nodes);
      found.push(one);
      const { pods, start, rest, changes } = one;
      console.log(`${nodes} nodes, ${pods} pods:`);
      console.log(`  all agents start: ${words(start)}`);
      console.log(`  ${restMs / 1000} s at rest: ${words(rest)}`);
      console.log(`  ${changedPods} pods made and deleted: ${words(changes)}`);
    }
    const [small, large] = found;
    if (small === undefined || large === undefined) throw new Error("nothing was measured");
    // Twice the cluster: three lists and a patch or two of each agent, and each pod told to one agent.
    expect(large.start.requests).toBeLessThanOrEqual(2.2 * small.start.requests);
    expect(large.start.bytes).toBeLessThanOrEqual(2.2 * small.start.bytes);
    expect(large.start.requests).toBeLessThanOrEqual(8 * large.nodes);
    expect(large.rest.requests).toBeLessThanOrEqual(large.nodes);
    // Each change is told to the one agent whose node it is on, however many there are.
    expect(large.changes.podEvents).toBeLessThanOrEqual(1.2 * small.changes.podEvents);
  },
  300_000,
);
