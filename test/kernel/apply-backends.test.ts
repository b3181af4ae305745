/**
 * The tools as oracle: random plans carried out by messages of our own in one world and by ip, tc and
 * nft in another, which have to look the same afterwards, down to the last number of the kernel's.
 * FAIRWAY_RANDOM_PLANS says how many.
 */
import { afterEach, expect, test } from "bun:test";
import { applySteps, rollBack } from "../../src/kernel/apply.ts";
import { type Backend, backendVariable } from "../../src/kernel/backend.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { observe } from "../../src/kernel/observe.ts";
import { observeOurs } from "../../src/kernel/ours.ts";
import { probeQueues } from "../../src/kernel/probe.ts";
import { diff, type Step } from "../../src/plan/diff.ts";
import { plainKind } from "../../src/plan/leaf-queue.ts";
import { ingressIfb } from "../../src/plan/names.ts";
import type { LeafKind } from "../../src/plan/node.ts";
import { baseOwner, type KernelObject, type State } from "../../src/plan/state.ts";
import { type Lab, makeLab } from "../../src/prove/lab/lab.ts";
import { mustInNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { Random } from "../node/model/random.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { chainedEnds, podCount, randomNode } from "./random-node.ts";

const plans = Number(process.env.FAIRWAY_RANDOM_PLANS ?? "25");
const seed = Number(process.env.FAIRWAY_RANDOM_SEED ?? "5");

interface World {
  backend: Backend;
  lab: Lab;
  pods: string[];
}

const labs: Lab[] = [];
afterEach(() => {
  for (const lab of labs.splice(0)) lab.remove();
  delete process.env[backendVariable];
});

function world(backend: Backend): World {
  const lab = makeLab({ prefix: "fwo" });
  labs.push(lab);
  // A pair gets its MAC by chance.
  mustInNamespace(lab.node, ["ip", "link", "set", "dev", "uplink", "address", "02:00:00:00:00:01"]);
  const pods = Array.from({ length: podCount }, (_, number) => lab.addPod(`p${number}`));
  for (const [number, pod] of pods.entries()) addChainedPair(lab.node, pod, number);
  return { backend, lab, pods };
}

/** As another plugin would have made it, with the MACs of one world in the other. */
function addChainedPair(node: string, pod: string, number: number): void {
  const ends = chainedEnds(number);
  const peer = ["peer", "name", ends.pod, "netns", pod];
  mustInNamespace(node, ["ip", "link", "add", "name", ends.host, "type", "veth", ...peer]);
  for (const [where, dev, first] of [
    [node, ends.host, "06"],
    [pod, ends.pod, "0a"],
  ] as const)
    mustInNamespace(where, [
      ...["ip", "link", "set", "dev", dev],
      ...["address", `${first}:00:00:00:00:0${number}`, "txqueuelen", "0", "up"],
    ]);
}

const filters = (node: string): string =>
  Array.from({ length: podCount }, (_, number) => {
    const { host } = chainedEnds(number);
    const links = mustInNamespace(node, ["ip", "-d", "link", "show", "dev", host]);
    const shown = mustInNamespace(node, ["tc", "-d", "filter", "show", "dev", host, "egress"]);
    return `${host} ${/qlen \d+/.exec(links)?.[0]}\n${shown.replace(/\bindex \d+/g, "index")}`;
  }).join("\n");

const on = <T>({ backend, lab }: World, work: () => T): T => {
  process.env[backendVariable] = backend;
  return inNetns(namespacePath(lab.node), work);
};

const dump = ({ lab, pods }: World): string =>
  [dumpNode(lab.node), filters(lab.node), ...pods.map(dumpPod)]
    .join("\n=====\n")
    .replaceAll(lab.node, "node");

/** What the kernel refuses: a way over a gateway that nobody is. */
function refused(netns: string): Step {
  const want: KernelObject = {
    kind: "route",
    netns,
    dev: "eth0",
    dst: "198.18.200.0/24",
    gw: "198.18.201.1",
    table: 254,
    priority: 0,
    scope: 0,
    mtuBytes: null,
    advmssBytes: null,
  };
  return { op: "create", owner: baseOwner, want, have: null, why: "" };
}

interface Ended {
  steps: string[];
  failed: string | null;
  left: number;
  rest: string[];
}

function carryOut(w: World, desired: State, spoilAt: number | null): Ended {
  return on(w, () => {
    const found = observeOurs(desired, "fw0", ["uplink", "fw0", ingressIfb]);
    // The kernel lists a set's elements as its own hash has them, which is another in each world.
    const observed: State = new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
    const { steps } = diff(desired, observed);
    const told = steps.map((step) => `${step.op} ${step.why}`);
    const own = [...desired.values()].find(({ object }) => object.kind === "podlink")?.object;
    const netns = own?.kind === "podlink" ? own.netns : null;
    const at = spoilAt === null ? 0 : spoilAt % (steps.length + 1);
    const all = spoilAt === null || netns === null ? steps : steps.toSpliced(at, 0, refused(netns));
    const failure = applySteps(all);
    if (failure !== null)
      return {
        steps: told,
        failed: `${failure.at} of ${all.length}`,
        left: rollBack(failure.done).length,
        rest: [],
      };
    const again = diff(desired, observe(desired)).steps;
    return { steps: told, failed: null, left: 0, rest: again.map(({ why }) => why) };
  });
}

/** In the words of one world: where namespaces are told, they differ. */
const neutral = ({ lab, pods }: World, ended: Ended): Ended =>
  JSON.parse(
    pods.reduce(
      (text, pod, number) => text.replaceAll(pod, `p${number}`),
      JSON.stringify(ended).replaceAll(lab.node, "node"),
    ),
  ) as Ended;

function queueKind(w: World): LeafKind {
  const fqCodel = randomNode(new Random(1), {
    uplink: "uplink",
    leafKind: "fq_codel",
    netns: String,
  });
  const specs = [...fqCodel.values()].flatMap(({ object }) =>
    object.kind === "qdisc" && object.spec.type === "fq_codel" ? [object.spec] : [],
  );
  return on(w, () => probeQueues(specs.slice(0, 1)))[0] === null ? "fq_codel" : plainKind;
}

test(
  `${plans} random plans lead to the same kernel state by netlink and by the tools`,
  () => {
    const worlds = [world("netlink"), world("exec")] as const;
    const [first] = worlds;
    const best = queueKind(first);
    const random = new Random(seed);
    const counted = { steps: 0, failed: 0, redirects: 0 };
    for (let plan = 0; plan < plans; plan++) {
      const planSeed = random.whole(0, 2 ** 31);
      const leafKind = random.isOneIn(3) ? plainKind : best;
      const spoilAt = random.isOneIn(5) ? random.whole(0, 1000) : null;
      const isEmpty = random.isOneIn(8);
      const ended = worlds.map((w) => {
        const place = {
          uplink: "uplink",
          leafKind,
          netns: (n: number) => namespacePath(w.pods[n] ?? ""),
        };
        const desired: State = isEmpty ? new Map() : randomNode(new Random(planSeed), place);
        return neutral(w, carryOut(w, desired, spoilAt));
      });
      const [byNetlink, byTools] = ended;
      const where = `plan ${plan} of seed ${seed}`;
      expect({ where, ended: byNetlink }).toEqual({ where, ended: byTools });
      expect({ where, rest: byNetlink?.rest }).toEqual({ where, rest: [] });
      const found = dump(worlds[0]);
      expect(`${where}\n${found}`).toBe(`${where}\n${dump(worlds[1])}`);
      if (found.includes("mirred (Egress Redirect to device fwifb)")) counted.redirects += 1;
      counted.steps += byNetlink?.steps.length ?? 0;
      counted.failed += byNetlink?.failed === null ? 0 : 1;
    }
    // Plans that ask for nothing, or of which none fails, would show nothing.
    expect(counted.steps).toBeGreaterThan(plans * 5);
    expect(counted.redirects).toBeGreaterThan(0);
    if (plans >= 50) expect(counted.failed).toBeGreaterThan(0);
  },
  60_000 + plans * 3_000,
);
