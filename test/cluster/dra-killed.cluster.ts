/**
 * DRA's conformance by the kubelet itself: kubelet and agent are killed at the steps of Prepare and of Unprepare, and
 * what claims gave is whole afterwards. With CLAIM_STEPS=all each of the two at each step; else two steps of each.
 */
import { expect } from "bun:test";
import { pauseImage } from "../support/containerd/pause-image.ts";
import { blockAfter, withInPlace } from "../support/page.ts";
import { until } from "../support/until.ts";
import { prepareSteps, type Step, unprepareSteps } from "./claim-steps.ts";
import { claiming, claimTest, deletePods, recorded } from "./claims.ts";
import { expectClaimsKept } from "./claims-kept.ts";
import type { Start } from "./members.ts";
import type { ClusterNode } from "./node.ts";
import { ready, readyAtLast } from "./placed.ts";
import { podOf } from "./pods.ts";
import type { SharedCluster } from "./setup.ts";
import { Standstill } from "./standstill.ts";

type Victim = "kubelet" | "agent";

interface Round {
  prepare: Step;
  unprepare: Step;
}

const isWhole = process.env.CLAIM_STEPS === "all";

/** By the steps' numbers: one round in the short form. */
function roundsOf(...short: [prepare: number, unprepare: number]): Round[] {
  const pairs = isWhole ? prepareSteps.map((_, at) => [at, at % unprepareSteps.length]) : [short];
  return pairs.flatMap(([prepare = 0, unprepare = 0]) => {
    const round = { prepare: prepareSteps[prepare], unprepare: unprepareSteps[unprepare] };
    return round.prepare === undefined || round.unprepare === undefined
      ? []
      : [{ prepare: round.prepare, unprepare: round.unprepare }];
  });
}

const rounds: Readonly<Record<Victim, Round[]>> = {
  kubelet: roundsOf(2, 2),
  agent: roundsOf(1, 3),
};

interface Kill {
  cluster: SharedCluster;
  node: ClusterNode;
  victim: Victim;
  start: Start;
}

/** So often, by what its agents said, a node's kubelet has taken its driver. */
const registrations = ({ machine }: ClusterNode): number =>
  machine.log("agent").split("the kubelet has taken the driver of claims").length - 1;

/**
 * The victim dies at the step, all others go on, and then it is started again. The kubelet has to have taken the driver
 * before the next step: it tells nothing to one that it does not know.
 */
async function killAt(
  { cluster, node, victim, start }: Kill,
  step: Step,
  name: string,
  begin: () => Promise<unknown>,
): Promise<void> {
  const uid = async (): Promise<string> => (await podOf(cluster, name)).metadata.uid;
  const registered = registrations(node);
  {
    await using at = new Standstill(node);
    await step.reach(at, begin, uid);
    await at.kill(victim);
  }
  await (victim === "agent" ? start(node) : node.start("kubelet"));
  await until("the kubelet has taken the driver", () => registrations(node) > registered);
}

/** A pod comes and goes, and the victim dies once in each. */
async function play(kill: Kill, { prepare, unprepare }: Round, name: string): Promise<void> {
  const { cluster, node, victim } = kill;
  const startMs = performance.now();
  await killAt(kill, prepare, name, () =>
    cluster.apply(claiming(name, [60, 40], { node: node.name })),
  );
  await readyAtLast(cluster, name);
  await expectClaimsKept(cluster, node);
  const between = performance.now();
  await killAt(kill, unprepare, name, () => cluster.kubectl("delete", "pod", name, "--wait=false"));
  await cluster.kubectl("wait", "--for=delete", `pod/${name}`, "--timeout=120s");
  await expectClaimsKept(cluster, node);
  const seconds = [between - startMs, performance.now() - between].map((ms) =>
    Math.round(ms / 1e3),
  );
  console.log(
    `${victim} killed: Prepare, ${prepare.title} (${seconds[0]} s); Unprepare, ${unprepare.title} (${seconds[1]} s)`,
  );
}

claimTest(
  "kubelet and agent killed at the steps of Prepare and Unprepare: nothing is promised twice, nothing is left",
  async (cluster, start) => {
    // They live through all of it, beside the one that comes and goes.
    const others = cluster.nodes.map(({ name }) => claiming(`stays-${name}`, [40], { node: name }));
    await cluster.apply(others);
    await ready(cluster, ...cluster.nodes.map(({ name }) => `stays-${name}`));
    const before = cluster.nodes.map(recorded);
    await Promise.all(
      (["kubelet", "agent"] as const).map(async (victim, at) => {
        const kill = { cluster, node: cluster.node(at + 1), victim, start };
        for (const [number, round] of rounds[victim].entries())
          await play(kill, round, `${victim}-${number}`);
      }),
    );
    expect(cluster.nodes.map(recorded)).toEqual(before);
  },
  isWhole ? 1_800_000 : 300_000,
);

/** Deletes the claim of a pod that lives, and takes from it what keeps it until the pod has gone. */
async function takeClaim(cluster: SharedCluster, pod: string): Promise<void> {
  const names = async (): Promise<string[]> =>
    (await cluster.kubectl("get", "resourceclaims", "-o", "name")).trim().split("\n");
  const claim = (await names()).find((name) => name.includes(`/${pod}-`)) ?? "";
  await cluster.kubectl("delete", claim, "--wait=false");
  const free = JSON.stringify({ metadata: { finalizers: null } });
  await cluster.kubectl("patch", claim, "--type=merge", "-p", free);
  await cluster.until("the claim is gone", async () => !(await names()).includes(claim));
}

claimTest(
  "claims of pods that run: kubelet and agent start again, and a claim is taken away by force",
  async (cluster, start) => {
    const node = cluster.node(1);
    const names = ["stays", "bereft"];
    await cluster.apply(names.map((name) => claiming(name, [60], { node: node.name })));
    await ready(cluster, ...names);
    await expectClaimsKept(cluster, node);
    const lives = async () => ({
      ledger: recorded(node),
      pods: await Promise.all(
        names.map(async (name) => {
          const { metadata, status } = await podOf(cluster, name);
          return [metadata.uid, status.podIP, status.containerStatuses?.[0]?.restartCount];
        }),
      ),
      classes: (await node.classes()).toSorted(),
    });
    const before = await lives();
    await takeClaim(cluster, "bereft");
    expect(await lives()).toEqual(before);

    // Of one pod the claim is there, of the other it is not: both go on.
    await Promise.all((["kubelet", "agent"] as const).map((part) => node.end(part, "KILL")));
    await Promise.all([node.start("kubelet"), start(node)]);
    // Parts that make a pod are at work again.
    await cluster.apply(claiming("later", [40], { node: node.name }));
    await readyAtLast(cluster, "later");
    await deletePods(cluster, "later");
    await cluster.until("it is gone", async () => (await node.pods()).length === names.length);
    expect(await lives()).toEqual(before);
    await deletePods(cluster, "bereft");
    await cluster.until("nothing of it is left", async () => recorded(node).length === 1);
    await expectClaimsKept(cluster, node);
  },
);

claimTest("the example of docs/claims.md", async (cluster) => {
  const page = "docs/claims.md";
  const example = blockAfter(page, "## Ask by a claim");
  await cluster.apply(withInPlace(example, { "registry.k8s.io/pause:3.10": pauseImage }));
  await ready(cluster, "cart");
  const { spec } = await podOf(cluster, "cart");
  const node = cluster.nodes.find(({ name }) => name === spec.nodeName) ?? cluster.node(1);
  await expectClaimsKept(cluster, node);
  // What the page shows of `fairway status`, with this cluster's names.
  const shown = blockAfter(page, "shows where the guarantee came from:").trim();
  const words = new RegExp(
    shown.replace("(100M)", "\\(100M\\)").replace(/shop\/cart-net-\w+/, "default/cart-net-\\w+"),
  );
  const status = await node.fairway("status", "--no-measure");
  console.log(status.stdout.trimEnd());
  expect(status.stdout).toMatch(words);
  await cluster.kubectl("delete", "pod", "cart", "--grace-period=1", "--timeout=60s");
});
