/**
 * Has the real scheduler place pods on nodes that are objects of a real API server: there is no kubelet, and
 * whatever is bound stays where it is.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubeconfigAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { follow } from "../../src/kube/follow.ts";
import { isObject, type Json } from "../../src/kube/objects.ts";
import { type ApiServer, apiServer } from "../cluster/api-server.ts";
import { atOnce } from "../support/at-once.ts";
import { type FoundPod, judged, type Verdict } from "./check.ts";
import { foundNode, foundPod, nodeObject, podObject } from "./objects.ts";
import type { Plan } from "./plan.ts";
import { startScheduler } from "./scheduler.ts";
import type { Side } from "./sides.ts";

export interface Simulated {
  verdict: Verdict;
  /** From the first create of a pod to the last one's, and to the last binding. */
  createdMs: number;
  boundMs: number;
  /** Of the scheduler's processors until every pod was decided on. */
  schedulerSeconds: number;
  /** Whether every pod was decided on within the limit. */
  isWhole: boolean;
}

export interface SimulateOptions {
  plan: Plan;
  side: Side;
  /** How long it may take from the first create on. */
  limitMs: number;
  progress?: (text: string) => void;
}

const nodesPath = "/api/v1/nodes";
const podsPath = "/api/v1/namespaces/default/pods";
/** So many requests of ours are under way at once. */
const most = 20;
const pageSize = 1_000;
const pageBytes = 64 * 1024 * 1024;
/** Without a binding for so long, it is asked whether the scheduler has anything left to do. */
const quietMs = 2_000;

/** All of them, as they are now. */
async function all(
  client: KubeClient,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Json[]> {
  const items: Json[] = [];
  let next = "";
  do {
    const page = await client.ask({
      path,
      query: { ...query, limit: String(pageSize), ...(next !== "" && { continue: next }) },
      limitMs: 60_000,
      mostBytes: pageBytes,
      signal,
    });
    if (!isObject(page) || !Array.isArray(page.items)) throw new Error(`${path} is no list`);
    items.push(...(page.items as unknown[]).filter(isObject));
    next = isObject(page.metadata) ? String(page.metadata.continue ?? "") : "";
  } while (next !== "");
  return items;
}

class Simulation {
  readonly #server: ApiServer;
  readonly #client: KubeClient;
  readonly #options: SimulateOptions;
  readonly #signal: AbortSignal;
  /** Of the pods, by the watch. */
  #bound = 0;
  #boundAtMs = 0;

  constructor(server: ApiServer, options: SimulateOptions, signal: AbortSignal) {
    this.#server = server;
    this.#client = new KubeClient(kubeconfigAccess(server.kubeconfig), "fairway-test");
    this.#options = options;
    this.#signal = signal;
  }

  async makeNodes(): Promise<void> {
    const { plan, side } = this.#options;
    for (const namespace of ["default", "kube-system"]) {
      const account = ["serviceaccount", "default", "-n", namespace];
      await this.#server.until(`pods can be made in ${namespace}`, async () => {
        await this.#server.tryKubectl(["create", ...account]);
        return (await this.#server.tryKubectl(["get", ...account])).code === 0;
      });
    }
    await atOnce(plan.nodes, most, (node) =>
      this.#client.create(nodesPath, nodeObject(node, side.isCounted), this.#signal),
    );
  }

  followBindings(): Promise<void> {
    return follow({
      client: this.#client,
      path: podsPath,
      query: { fieldSelector: "spec.nodeName!=" },
      metadataOnly: true,
      read: () => null,
      onChange: ({ length }) => {
        if (length > this.#bound) this.#boundAtMs = performance.now();
        this.#bound = length;
      },
      onTrouble: (trouble) => {
        if (trouble !== null) this.#options.progress?.(`bindings: ${trouble.message}`);
      },
      signal: this.#signal,
    });
  }

  async makePods(): Promise<void> {
    const { plan, side } = this.#options;
    await atOnce(plan.pods, most, (pod) =>
      this.#client.create(podsPath, podObject(pod, side.isCounted), this.#signal),
    );
  }

  /** Until each pod is bound, or was refused by the scheduler: nothing goes, so what it refused stays refused. */
  async settled(deadlineMs: number): Promise<boolean> {
    const { plan, progress } = this.#options;
    let toldAtMs = performance.now();
    while (performance.now() < deadlineMs) {
      if (this.#bound === plan.pods.length) return true;
      if (performance.now() - this.#boundAtMs > quietMs) {
        const unbound = await this.#pods({ fieldSelector: "spec.nodeName=" });
        const undecided = unbound.filter(({ why }) => why === null).length;
        if (undecided === 0 && unbound.length + this.#bound === plan.pods.length) return true;
        progress?.(`${this.#bound} bound, ${unbound.length} not, ${undecided} undecided`);
      } else if (performance.now() - toldAtMs > 10_000) {
        toldAtMs = performance.now();
        progress?.(`${this.#bound} bound`);
      }
      await Bun.sleep(500);
    }
    return false;
  }

  async #pods(query: Readonly<Record<string, string>>): Promise<FoundPod[]> {
    const { isCounted } = this.#options.side;
    const pods = await all(this.#client, podsPath, query, this.#signal);
    return pods.map((pod) => foundPod(pod, isCounted));
  }

  get boundAtMs(): number {
    return this.#boundAtMs;
  }

  /** By all that the API server has. */
  async verdict(): Promise<Verdict> {
    const { plan, side } = this.#options;
    const nodes = await all(this.#client, nodesPath, {}, this.#signal);
    const pods = await this.#pods({});
    if (nodes.length !== plan.nodes.length || pods.length !== plan.pods.length)
      throw new Error(`${nodes.length} nodes and ${pods.length} pods are there, others were made`);
    return judged(side.isCounted ? nodes.map(foundNode) : plan.nodes, pods);
  }
}

export async function simulate(options: SimulateOptions): Promise<Simulated> {
  const { side, limitMs, plan, progress } = options;
  const scratch = mkdtempSync(join(tmpdir(), "fairway-scale-"));
  const ending = new AbortController();
  // Nobody takes the taint of a node without a kubelet away: there is no controller-manager.
  const flags = ["--disable-admission-plugins=TaintNodesByCondition"];
  const server = await apiServer({ flags });
  let following: Promise<void> = Promise.resolve();
  try {
    const simulation = new Simulation(server, options, ending.signal);
    await simulation.makeNodes();
    progress?.(`${plan.nodes.length} nodes are made`);
    following = simulation.followBindings();
    const scheduler = startScheduler(server.kubeconfig, scratch, side.profiles);
    try {
      await untilItSchedules(server);
      const beganSeconds = scheduler.seconds();
      const beganMs = performance.now();
      await simulation.makePods();
      const createdMs = performance.now() - beganMs;
      progress?.(`${plan.pods.length} pods are made`);
      const isWhole = await simulation.settled(beganMs + limitMs);
      const schedulerSeconds = scheduler.seconds() - beganSeconds;
      const boundMs = simulation.boundAtMs - beganMs;
      // Nothing may be bound any more while it is read.
      await scheduler.end();
      const verdict = await simulation.verdict();
      return { verdict, createdMs, boundMs, schedulerSeconds, isWhole };
    } finally {
      await scheduler.end();
    }
  } finally {
    ending.abort();
    await following;
    await server.down();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** It has to read all nodes first. */
async function untilItSchedules(server: ApiServer): Promise<void> {
  const name = "first";
  await server.apply({
    ...podObject({ name, mbps: { egress: 0, ingress: 0 } }, false),
    metadata: { name, namespace: "kube-system" },
  });
  await server.until("the scheduler works", async () => {
    const { spec } = await server.get<{ spec: { nodeName?: string } }>("pod", name, "kube-system");
    return spec.nodeName !== undefined;
  });
  await server.kubectl("delete", "pod", name, "-n", "kube-system");
}
