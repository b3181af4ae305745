/**
 * From a cluster without a network to promised pods by the image and the chart alone; then what becomes of agents:
 * deleted, evicted, upgraded, and taken off again.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { pauseImage } from "../support/containerd/pause-image.ts";
import { blockAfter, withInPlace } from "../support/page.ts";
import { type Cluster, clusterUp } from "./cluster.ts";
import { kubectlFairway } from "./kubectl-fairway.ts";
import { deployment, egress, pod } from "./manifests.ts";
import { addresses } from "./names.ts";
import type { ClusterNode } from "./node.ts";
import { podOf, readyAddress, untilNoPods } from "./pods.ts";
import { type Reader, readerOf } from "./reader.ts";
import {
  hasRelease,
  importImage,
  namespace,
  type Release,
  readyForContainers,
  releaseOn,
} from "./release.ts";
import { endShared } from "./setup.ts";
import { webhookByChart } from "./webhook-pods.ts";

let cluster: Cluster;
let release: Release;
/** Runs commands as a reader of a page does. */
let reader: Reader;
const limitMs = 240_000;

/** What is on a node that Fairway could have changed; what is below /run goes with the next boot. */
async function stateOf(node: ClusterNode): Promise<string> {
  const files = "find /opt/cni /etc/cni /var/lib/fairway -not -type d 2>/dev/null | sort";
  const settings = "sysctl net.ipv4.ip_forward net.ipv4.conf.eth0.forwarding";
  const commands = [
    ["sh", "-c", files],
    ["sh", "-c", settings],
    ["sh", "-c", "ip -o link show | sed 's/^[0-9]*: //; s/@.*//; s/:.*//' | sort"],
    ["sh", "-c", "tc qdisc show dev eth0 | sed 's/ refcnt .*//'"],
    ["nft", "list", "tables"],
  ];
  const said: string[] = [];
  for (const command of commands) said.push(await node.must(...command));
  return said.join("\n");
}

const before = new Map<string, string>();

interface Served {
  verbs: { served: number; failed: number; declined: number; lastDeclined: string | null };
  pid: number;
}

/** As a launcher on the node reaches it. */
async function served(node: ClusterNode): Promise<Served> {
  const socket = ["--unix-socket", "/run/fairway/agent.sock"];
  return JSON.parse(await node.must("curl", "-sf", ...socket, "http://agent/version")) as Served;
}

async function shown(...args: string[]): Promise<string> {
  const said = await cluster.kubectl(...args);
  console.log(`$ kubectl ${args.join(" ")}\n${said.trimEnd()}`);
  return said;
}

async function failures(): Promise<string> {
  const { stdout } = await cluster.tryKubectl([
    ...["get", "events", "-o", "jsonpath={range .items[*]}{.reason} {.message}{'\\n'}{end}"],
  ]);
  const wrong = stdout.split("\n").filter((line) => /^Failed(CreatePodSandBox|KillPod)/.test(line));
  return wrong.join("\n");
}

/** Pods come and go on both nodes while `act` is at work; none of them may fail. */
async function whilePodsComeAndGo(act: () => Promise<void>): Promise<number> {
  let isDone = false;
  let rounds = 0;
  const acting = act().finally(() => {
    isDone = true;
  });
  // Whatever it throws is thrown below.
  acting.catch(() => {});
  while (!isDone || rounds === 0) {
    const name = `w${rounds}`;
    await cluster.apply(deployment(name, 4, { annotations: egress("5M") }));
    await cluster.kubectl("rollout", "status", `deployment/${name}`, "--timeout=90s");
    await cluster.kubectl("delete", "deployment", name, "--cascade=foreground", "--timeout=90s");
    rounds += 1;
  }
  await acting;
  expect(await failures()).toBe("");
  return rounds;
}

const title = (text: string): string => (hasRelease ? text : `${text} (needs Go)`);

describe.skipIf(!hasRelease)("the image and the chart", () => {
  beforeAll(async () => {
    await endShared();
    cluster = await clusterUp({ nodes: 2, logs: "chart" });
    release = releaseOn(cluster);
    reader = readerOf(cluster);
    await importImage(cluster);
    for (const node of cluster.nodes) {
      await readyForContainers(node);
      before.set(node.name, await stateOf(node));
    }
  }, limitMs);

  afterAll(() => cluster?.down());

  test(
    title("from nothing to Ready nodes, by the commands of the README"),
    async () => {
      await reader(
        withInPlace(blockAfter("README.md", "By Helm, with the uplinks' true capacities"), {
          // The image was imported, and the wires of this cluster tell no speed.
          ...{ "registry.example/fairway": "fairway", "10.244.0.0/16": addresses.pods },
          ...{ "=10G": "=400M", "=9500M": "=400M" },
        }),
      );
      await release.rolledOut();
      await cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=90s");
      await shown("get", "pods", "-n", namespace, "-o", "wide");
      for (const node of cluster.nodes) {
        const [own] = (await release.pods()).filter(({ spec }) => spec.nodeName === node.name);
        const logs = await cluster.kubectl(
          ...["logs", "-n", namespace, own?.metadata.name ?? "", "-c", "install"],
        );
        console.log(`${node.name}: ${logs}`);
        expect(logs).toContain(`network pods: ${node.podCidr}, uplink eth0, egress 400Mbit/s`);
      }
    },
    limitMs,
  );

  test(
    title("pods of two nodes reach each other, by routes that the agents keep"),
    async () => {
      await cluster.apply([pod("a", { node: "node1" }), pod("b", { node: "node2" })]);
      const [a, b] = [await readyAddress(cluster, "a"), await readyAddress(cluster, "b")];
      for (const [from, to] of [
        ["a", b],
        ["b", a],
      ] as const)
        expect(await shown("exec", from, "--", "ping", "-c", "2", "-W", "5", to)).toContain(
          "0% packet loss",
        );
      await cluster.kubectl("delete", "pod", "a", "b", "--timeout=60s");
    },
    limitMs,
  );

  test(
    title("a pod has its promise, and its verbs were served by the agent in its pod"),
    async () => {
      const node = cluster.node(1);
      const earlier = await served(node);
      await cluster.apply(pod("web", { node: node.name, annotations: egress("100M") }));
      const address = await readyAddress(cluster, "web");
      expect(await node.classes()).toEqual([expect.stringContaining("rate 100Mbit")]);
      const status = await release.inAgent(
        node.name,
        "fairway",
        "status",
        "--no-measure",
        "--wide",
      );
      console.log(`$ kubectl exec ${node.name}'s agent -- fairway status --wide\n${status.stdout}`);
      expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(address) });
      const later = await served(node);
      expect(later.verbs).toMatchObject({ failed: 0, declined: 0, lastDeclined: null });
      expect(later.verbs.served).toBeGreaterThan(earlier.verbs.served);
      const told = await node.must("cat", `/proc/${later.pid}/cgroup`);
      expect(told).toContain("pod");
      const doctor = await release.inAgent(node.name, "fairway", "doctor");
      console.log(doctor.stdout);
      expect(doctor.stdout).toContain("0 errors");
      await cluster.kubectl("delete", "pod", "web", "--timeout=60s");
      expect(await failures()).toBe("");
    },
    limitMs,
  );

  test(
    title("an agent's token changes its own Node, and of that what is Fairway's"),
    async () => {
      const [own] = (await release.pods()).filter(({ spec }) => spec.nodeName === "node1");
      if (own === undefined) throw new Error("no agent is on node1");
      const bound = ["--bound-object-kind=Pod", `--bound-object-name=${own.metadata.name}`];
      const token = (
        await cluster.kubectl(
          ...["create", "token", "fairway", "-n", namespace, ...bound],
          `--bound-object-uid=${own.metadata.uid}`,
        )
      ).trim();
      const server = [`--server=${cluster.control.url}`, "--insecure-skip-tls-verify"];
      const asAgent = (...args: string[]) =>
        cluster.tryKubectl([`--token=${token}`, "--kubeconfig=/dev/null", ...server, ...args]);
      const may = await asAgent("annotate", "node", "node1", "fairway.dev/tried=1");
      expect(may).toMatchObject({ code: 0 });
      const refused: string[][] = [
        ["annotate", "node", "node2", "fairway.dev/tried=1"],
        ["annotate", "node", "node1", "others.test/tried=1"],
        ["label", "node", "node1", "tried=1"],
        ["taint", "node", "node1", "tried=1:NoSchedule"],
        ["cordon", "node1"],
      ];
      for (const args of refused) {
        const { stderr } = await asAgent(...args);
        console.log(`$ kubectl ${args.join(" ")}\n${stderr.trimEnd()}`);
        expect({ args, stderr }).toEqual({
          args,
          stderr: expect.stringContaining("'fairway-own-node' denied request"),
        });
      }
      for (const [verb, kind, answer] of [
        ["list", "pods", "yes"],
        ["get", "secrets", "no"],
        ["delete", "nodes", "no"],
        ["patch", "pods", "no"],
      ] as const)
        expect((await asAgent("auth", "can-i", verb, kind)).stdout.trim()).toBe(answer);
      await cluster.kubectl("annotate", "node", "node1", "fairway.dev/tried-");
    },
    limitMs,
  );

  test(
    title("budgets, by the policies and by the webhook as pods of the image"),
    () => webhookByChart(cluster, release),
    limitMs,
  );

  test(
    title("kubectl fairway, by users with all rights, with some, and with none"),
    () => kubectlFairway(cluster, release, reader),
    limitMs,
  );

  test(
    title("agents deleted, evicted and upgraded while pods come and go: none of them fails"),
    async () => {
      await cluster.apply(pod("stays", { node: "node1", annotations: egress("50M") }));
      const address = await readyAddress(cluster, "stays");
      const { metadata } = await podOf(cluster, "stays");
      const acts: [string, () => Promise<void>][] = [
        [
          "deleted",
          async () => {
            const names = (await release.pods()).map((each) => each.metadata.name);
            await cluster.kubectl("delete", "pod", "-n", namespace, ...names, "--timeout=90s");
          },
        ],
        [
          "evicted",
          async () => {
            for (const { metadata: own } of await release.pods()) {
              const path = `/api/v1/namespaces/${namespace}/pods/${own.name}/eviction`;
              const eviction = {
                apiVersion: "policy/v1",
                kind: "Eviction",
                metadata: { name: own.name, namespace },
              };
              const { code, stderr } = await cluster.tryKubectl(
                ["create", "--raw", path, "-f", "-"],
                { stdin: JSON.stringify(eviction) },
              );
              expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
            }
          },
        ],
        ["upgraded", async () => void (await release.install("podAnnotations.round=two"))],
      ];
      for (const [what, act] of acts) {
        const uids = (await release.pods()).map((each) => each.metadata.uid);
        const rounds = await whilePodsComeAndGo(async () => {
          await act();
          await cluster.until(
            `all agents are others, ${what}`,
            async () => {
              await release.rolledOut();
              const now = await release.pods();
              return now.length === 2 && now.every((each) => !uids.includes(each.metadata.uid));
            },
            120_000,
          );
        });
        console.log(`agents ${what}: ${rounds} rounds of four pods meanwhile`);
        const still = await podOf(cluster, "stays");
        expect([still.metadata.uid, still.status.podIP]).toEqual([metadata.uid, address]);
        expect(still.status.containerStatuses?.[0]?.restartCount).toBe(0);
      }
      await shown("get", "pods", "-A", "-o", "wide");
    },
    2 * limitMs,
  );

  test.each(["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"])(
    title("without %s the agent does not do its work"),
    async (capability) => {
      const node = cluster.node(1);
      const path = "/spec/template/spec/containers/0/securityContext/capabilities/add";
      const all = ["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"];
      const patch = async (value: string[]): Promise<void> => {
        const change = JSON.stringify([{ op: "replace", path, value }]);
        const set = ["daemonset/fairway", "-n", namespace];
        await cluster.kubectl("patch", ...set, "--type=json", "-p", change);
      };
      const ownPods = async () =>
        (await release.pods()).filter(({ spec }) => spec.nodeName === node.name);
      const [earlier] = await ownPods();
      await patch(all.filter((each) => each !== capability));
      try {
        // It may never be ready.
        await cluster.kubectl("delete", "pod", "-n", namespace, earlier?.metadata.name ?? "");
        await cluster.until("another agent listens", async () => {
          const [now] = await ownPods();
          const isOther = now !== undefined && now.metadata.uid !== earlier?.metadata.uid;
          return isOther && (await served(node)).verbs.failed >= 0;
        });
        await cluster.apply(pod("without", { node: node.name, annotations: egress("20M") }));
        const isWhole = async (): Promise<boolean> => {
          const { verbs } = await served(node);
          if (verbs.declined > 0 || verbs.failed > 0) return false;
          const { status } = await podOf(cluster, "without");
          const isReady = status.conditions?.some(
            (each) => each.type === "Ready" && each.status === "True",
          );
          if (isReady === true) return true;
          throw new Error("it is not decided yet");
        };
        let whole = true;
        await cluster.until("its verb has ended", async () => {
          whole = await isWhole();
          return true;
        });
        const [own] = await ownPods();
        const logs = ["logs", "-n", namespace, own?.metadata.name ?? "", "-c", "agent"];
        const { stdout } = await cluster.tryKubectl(logs);
        console.log(
          `without ${capability}: ${JSON.stringify((await served(node)).verbs)}\n${stdout}`,
        );
        expect({ capability, whole }).toEqual({ capability, whole: false });
      } finally {
        await patch(all);
        await release.rolledOut();
        await cluster.kubectl("delete", "pod", "without", "--timeout=60s");
      }
    },
    limitMs,
  );

  test(
    title("what is taken off leaves nothing, once the node has no pods"),
    async () => {
      const page = blockAfter("docs/install-cluster.md", "To leave the nodes as they were:").split(
        "\n",
      );
      const [instead = "", drain = "", rolledOut = "", uninstall = ""] = page;
      await reader(instead);
      const node = cluster.node(1);
      // Its pod lives: it is refused, and named.
      await cluster.until("it says why it waits", async () => {
        const selector = ["-n", namespace, "-l", "app.kubernetes.io/name=fairway"];
        const { stdout } = await cluster.tryKubectl(["logs", ...selector, "-c", "uninstall"]);
        return stdout.includes("default/stays");
      });
      expect(await node.classes()).toHaveLength(1);
      await cluster.kubectl("delete", "pod", "stays", "--timeout=60s");
      await untilNoPods(cluster);
      // The kubelet tries again, ever more rarely.
      const [waits] = (await release.pods()).filter(({ spec }) => spec.nodeName === node.name);
      await cluster.kubectl("delete", "pod", "-n", namespace, waits?.metadata.name ?? "");
      for (const { name } of cluster.nodes) await reader(withInPlace(drain, { NODE: name }));
      await reader(rolledOut);
      console.log(
        await cluster.kubectl("logs", "-n", namespace, "daemonset/fairway", "-c", "uninstall"),
      );
      for (const each of cluster.nodes)
        expect(await stateOf(each)).toBe(before.get(each.name) ?? "");
      await reader(uninstall);
      await cluster.until("its pods are gone", async () => (await release.pods()).length === 0);
      await cluster.until(
        "the node is not Ready",
        async () => (await node.ready()).status !== "True",
      );
    },
    limitMs,
  );

  test(
    title("deploy/fairway.yaml, and a pod with a promise, by the commands of the README"),
    async () => {
      const apply = "kubectl apply -f deploy/fairway.yaml";
      expect(readFileSync(join(repository, "README.md"), "utf8")).toContain(`\`${apply}\``);
      const manifest = join(cluster.scratch, "fairway.yaml");
      const own = withInPlace(readFileSync(join(repository, "deploy/fairway.yaml"), "utf8"), {
        // The image's name is the one that was imported. The wires of this cluster tell no speed.
        "            - --without-fallback\n":
          "            - --without-fallback\n            - --egress-capacity=400M\n            - --ingress-capacity=400M\n",
      });
      writeFileSync(manifest, own);
      await reader(`kubectl uncordon ${cluster.nodes.map(({ name }) => name).join(" ")}`);
      await reader(withInPlace(apply, { "deploy/fairway.yaml": manifest }));
      await release.rolledOut();
      await cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=90s");
      // `run` waits for nobody, and a reader looks a moment later.
      const [run = "", ...looks] = blockAfter("README.md", "Then a pod with a promise").split("\n");
      await reader(withInPlace(run, { "--image=nginx": `--image=${pauseImage}` }));
      await cluster.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s");
      const said = await reader(looks.join("\n"));
      expect(said).toContain("0 errors");
      const { spec } = await podOf(cluster, "web");
      const node = cluster.nodes.find(({ name }) => name === spec.nodeName);
      expect(await node?.classes()).toEqual([expect.stringContaining("rate 200Mbit")]);
    },
    limitMs,
  );
});
