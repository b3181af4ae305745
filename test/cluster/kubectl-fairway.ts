/**
 * `kubectl fairway` on the cluster that the chart is on: by a user who has what viewer.subjects get, by one who has a part
 * of it, and by one who has nothing. kubectl starts it as it starts every plugin.
 */
import { expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, minimalEnvironment } from "../../src/ops/child.ts";
import { chart } from "../chart/helm.ts";
import { binary } from "../support/binary.ts";
import { blockThat, withInPlace } from "../support/page.ts";
import { statusFrom } from "../support/status-schema.ts";
import type { Cluster } from "./cluster.ts";
import { deployment, egress, pod } from "./manifests.ts";
import { readyAddress } from "./pods.ts";
import type { Reader } from "./reader.ts";
import { namespace, type Release } from "./release.ts";
import { kubernetesPart } from "./tools.ts";

const port = 9464;
const label = "fairway-is-here";

type Ask = (...args: string[]) => Promise<CommandResult>;

interface Users {
  /** Has all that the chart gives. */
  looker: Ask;
  /** May read what the API server has, and ask no agent. */
  reader: Ask;
  stranger: Ask;
  /** The looker's `kubectl fairway`, to be started. */
  program: string[];
  /** Where all of them put what goes with them. */
  temporary: string;
}

const page = "docs/kubectl.md";

/** Each is a service account, by its own token and a kubeconfig. */
async function usersOf(cluster: Cluster): Promise<Users> {
  const { machine } = cluster.control;
  const folder = join(cluster.scratch, "kubectl-fairway");
  const temporary = join(folder, "temporary");
  mkdirSync(temporary, { recursive: true });
  const [kubernetes = ""] = kubernetesPart("kubectl");
  symlinkSync(kubernetes, join(folder, "kubectl"));
  symlinkSync(binary, join(folder, "fairway"));
  const programs = join(folder, ".local/bin");
  mkdirSync(programs, { recursive: true });
  const path = [programs, folder, minimalEnvironment().PATH].join(":");
  const [link = ""] = blockThat(page, "ln -s").split("\n");
  await machine.must(["sh", "-ec", link], { env: { HOME: folder, PATH: path } });
  const kubeconfigOf = (name: string): string => join(folder, `${name}.kubeconfig`);
  const programOf = (name: string): string[] => [
    ...["env", `KUBECONFIG=${kubeconfigOf(name)}`, `HOME=${machine.disk}`],
    ...[`TMPDIR=${temporary}`, `PATH=${path}`],
    ...["kubectl", "fairway"],
  ];
  const askAs = async (name: string): Promise<Ask> => {
    await cluster.kubectl("create", "serviceaccount", name);
    const token = (await cluster.kubectl("create", "token", name)).trim();
    writeFileSync(kubeconfigOf(name), cluster.control.kubeconfigOf({ name, token, groups: [] }));
    return async (...args) => {
      const done = await machine.run([...programOf(name), ...args], { timeoutMs: 60_000 });
      console.log(`${name}$ kubectl fairway ${args.join(" ")}\n${done.stdout}${done.stderr}`);
      return done;
    };
  };
  return {
    looker: await askAs("looker"),
    reader: await askAs("reader"),
    stranger: await askAs("stranger"),
    program: programOf("looker"),
    temporary,
  };
}

/** By the commands of the page. */
async function installed(cluster: Cluster, release: Release, reader: Reader): Promise<void> {
  for (const { name } of cluster.nodes)
    await cluster.kubectl("label", "node", name, `${label}=yes`);
  const file = (name: string): string => join(cluster.scratch, name);
  const subject = "viewer.subjects[0]";
  await reader(
    withInPlace(blockThat(page, "openssl req -x509"), {
      ...{ "tls.key": file("tls.key"), "tls.crt": file("tls.crt") },
      "metrics.port=9464,": `metrics.port=${port},nodeSelector.${label}=yes,ui.enabled=true,`,
      "kind=Group": "kind=ServiceAccount",
      [`${subject}.name=sre`]: `${subject}.name=looker`,
      [`${subject}.apiGroup=rbac.authorization.k8s.io`]: `${subject}.namespace=default`,
    }),
  );
  await release.rolledOut();
}

/** Both agents tell what they have. */
async function untilTold(cluster: Cluster): Promise<void> {
  for (const { name } of cluster.nodes)
    await cluster.until(`${name} says what it has`, async () => {
      const { metadata, status } = await cluster.get<{
        metadata: { annotations?: Record<string, string> };
        status: { allocatable: Record<string, string> };
      }>("node", name);
      return (
        metadata.annotations?.["fairway.dev/egress-free"] === "380M" &&
        status.allocatable["fairway.dev/egress-mbps"] === "380"
      );
    });
}

function expectDone({ code, stdout, stderr }: CommandResult, says: string): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(says);
}

function expectFailed({ code, stdout, stderr }: CommandResult, says: string): void {
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(says);
}

async function expectLooks({ looker: ask }: Users, cluster: Cluster): Promise<void> {
  await cluster.apply(pod("seen", { node: "node1", annotations: egress("100M") }));
  await readyAddress(cluster, "seen");
  const whole = await ask("status");
  expectDone(whole, "== node1\n");
  expect(whole.stdout).toContain("== node2\n");
  expect(whole.stdout).toContain("default/seen");
  const asData = await ask("status", "--node", "node1", "--interval", "200ms", "--json");
  const { nodes } = JSON.parse(asData.stdout) as { nodes: { node: string; status: unknown }[] };
  expect(nodes.map(({ node }) => node)).toEqual(["node1"]);
  const status = statusFrom(JSON.stringify(nodes[0]?.status));
  expect(status).toMatchObject({
    intervalSeconds: 0.2,
    pods: [{ pod: "default/seen", egress: { guaranteeBits: 1e8, measured: { known: true } } }],
  });
  const others = await ask("status", "--node", "node1", "--namespace", "none", "--interval", "0");
  expectDone(others, "No pod shown here has a guarantee.");
  const top = ["top", "--node", "node1", "--count", "2", "--interval", "200ms"];
  expect((await ask(...top)).stdout.match(/default\/seen/g)).toHaveLength(2);
  expectDone(await ask("doctor", "--node", "node1"), "0 errors");
  expectFailed(
    await ask("status", "--pod", "nobody", "--interval", "0"),
    '--pod "nobody": no node that was asked has such a pod',
  );
  expectFailed(
    await ask("status", "--node", "node9"),
    '--node "node9": the cluster has no such node',
  );
}

/** What `explain` said of its update is so, and what it advised ends it. */
async function expectEndless(cluster: Cluster): Promise<void> {
  await cluster.kubectl("set", "env", "deployment/full", "ROUND=two");
  const waiting = ["get", "pods", "-l", "app=full", "--field-selector=status.phase=Pending"];
  const why = "-o=jsonpath={.items[*].status.conditions[*].message}";
  await cluster.until("the update has no room for its first pod", async () =>
    (await cluster.kubectl(...waiting, why)).includes("2 Insufficient fairway.dev/egress-mbps"),
  );
  const advised = { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
  const patch = JSON.stringify({ spec: { strategy: advised } });
  await cluster.kubectl("patch", "deployment/full", "-p", patch);
  await cluster.kubectl("rollout", "status", "deployment/full", "--timeout=60s");
}

async function expectExplained({ looker: ask }: Users, cluster: Cluster): Promise<void> {
  expectDone(await ask("explain", "seen"), "It is on node1.");
  await cluster.apply([
    pod("giant", { annotations: egress("390M") }),
    deployment("full", 2, { annotations: egress("270M") }),
  ]);
  await cluster.kubectl("rollout", "status", "deployment/full", "--timeout=60s");
  const full = await ask("explain", "deployment/full");
  expect(full.code).toBe(0);
  expect(full.stdout.replace(/\s+/g, " ")).toContain("2 of 2 replicas are on a node; 0 more fit");
  expect(full.stdout.replace(/\s+/g, " ")).toContain("Set maxSurge: 0 and maxUnavailable: 1");
  await expectEndless(cluster);
  await cluster.until("the scheduler has said why giant waits", async () => {
    const { stdout } = await ask("explain", "giant");
    return stdout.includes("The scheduler says: 0/2 nodes");
  });
  const giant = await ask("explain", "pod/giant");
  expect(giant.code).toBe(1);
  expect(giant.stdout).toContain("IT FITS NOWHERE");
  expect(giant.stdout).toContain("No node of this cluster ever has 390 Mbit/s of egress");
  expectFailed(
    await ask("explain", "nobody", "-n", "default"),
    "namespace default has no pod nobody",
  );
  const { stdout } = await ask("nodes");
  // 380 less 270, and less the 100 of `seen` on the one.
  expect(stdout).toContain("2 nodes, 2 with an agent that is ready");
  await cluster.kubectl("delete", "deployment/full", "pod/giant", "--timeout=60s");
}

async function expectRights({ reader, stranger, looker: ask }: Users, cluster: Cluster) {
  const role = ["clusterrolebinding", "reader", "--clusterrole=fairway-viewer"];
  await cluster.kubectl("create", ...role, "--serviceaccount=default:reader");
  expectDone(await reader("nodes"), "2 nodes");
  expectDone(await reader("explain", "seen"), "It is on node1.");
  for (const command of ["status", "doctor"])
    expectFailed(
      await reader(command),
      `you may not create a token of service account ${namespace}/fairway-viewer`,
    );
  for (const command of ["nodes", "status", "top", "doctor"])
    expectFailed(await stranger(command), "you may not list nodes");
  expectFailed(await stranger("explain", "seen"), "you may not get pod seen");
  // The right to make the token is none to come through the API server's proxy.
  await cluster.kubectl(
    ...["create", "role", "minter", "-n", namespace, "--verb=create"],
    ...["--resource=serviceaccounts/token", "--resource-name=fairway-viewer"],
  );
  await cluster.kubectl(
    ...["create", "rolebinding", "minter", "-n", namespace, "--role=minter"],
    "--serviceaccount=default:reader",
  );
  expectFailed(
    await reader("status"),
    "you may not ask agents by the API server's proxy (pods/proxy)",
  );
  // A token of the account opens the agents' pages, and no other's token does.
  const url = (path: string): string => `https://${cluster.node(1).address}:${port}${path}`;
  const asked = async (path: string, ...options: string[]): Promise<string> =>
    await cluster.control.machine.must([
      ...["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", ...options, url(path)],
    ]);
  const tokenOf = async (account: string, in_: string, ...more: string[]): Promise<string[]> => {
    const token = await cluster.kubectl("create", "token", account, "-n", in_, ...more);
    return ["-H", `Fairway-Token: ${token.trim()}`];
  };
  const forAgents = "--audience=fairway.dev/agent";
  const viewer = await tokenOf("fairway-viewer", namespace, forAgents);
  expect(await asked("/status?intervalMs=0", ...viewer)).toBe("200");
  expect(await asked("/status?intervalMs=1", ...viewer)).toBe("400");
  expect(await asked("/metrics", ...viewer)).toBe("401");
  expect(await asked("/nothing", ...viewer)).toBe("404");
  expect(await asked("/status")).toBe("401");
  expect(await asked("/status", ...(await tokenOf("fairway-viewer", namespace)))).toBe("401");
  expect(await asked("/status", ...(await tokenOf("looker", "default", forAgents)))).toBe("403");
  const dead = join(cluster.scratch, "dead.kubeconfig");
  const config = readFileSync(cluster.control.kubeconfig, "utf8");
  writeFileSync(dead, config.replace(cluster.control.url, "https://127.0.0.1:1"));
  expectFailed(
    await ask("nodes", "--kubeconfig", dead),
    "the API server cannot be asked to list nodes",
  );
}

/** In a browser on the looker's machine. */
async function expectPage(
  { looker: ask, program, temporary }: Users,
  cluster: Cluster,
  release: Release,
) {
  // Whoever may look may not forward.
  expectFailed(
    await ask("ui", "--node", "node1"),
    "you may not ask agents by the API server's proxy (pods/proxy)",
  );
  const upgrade = ["upgrade", "fairway", chart, "--namespace", namespace, "--reuse-values"];
  await release.helm(...upgrade, "--set", "viewer.forward=true");
  const { machine } = cluster.control;
  await machine.start({ name: "ui", argv: [...program, "ui", "--node", "node1"] });
  const said = () => /^(http:\/\/127\.0\.0\.1:\d+)\S+$/m.exec(machine.log("ui"));
  await cluster.until("the address of the page is said", async () => said() !== null);
  const [address = "", origin = ""] = said() ?? [];
  console.log(machine.log("ui"));
  const cookies = join(cluster.scratch, "cookies");
  const opened = async (url: string, ...options: string[]): Promise<string> =>
    await machine.must(["curl", "-sS", "-L", ...options, url]);
  const withCookies = ["-b", cookies, "-c", cookies];
  expect(await opened(address, ...withCookies)).toContain("<title>");
  expect(JSON.parse(await opened(`${origin}/ui/state`, ...withCookies))).toMatchObject({
    node: "node1",
    rows: [{ pod: "default/seen", direction: "egress", guaranteeBits: 1e8 }],
  });
  const code = ["-o", "/dev/null", "-w", "%{http_code}"];
  expect(await opened(address, ...code)).toBe("401");
  await machine.end("ui", "INT");
  expect(await machine.run(["curl", "-sS", origin])).toMatchObject({ code: 7 });
  expect(readdirSync(temporary)).toEqual([]);
}

async function expectAway({ looker: ask }: Users, cluster: Cluster): Promise<void> {
  await cluster.kubectl("label", "node", "node2", `${label}-`);
  await cluster.until("node2 has no agent", async () => {
    const { stdout } = await ask("nodes", "--json");
    const { nodes } = JSON.parse(stdout) as { nodes: { node: string; agent: unknown }[] };
    return nodes.some(({ node, agent }) => node === "node2" && agent === null);
  });
  const nodes = await ask("nodes");
  expect(nodes.stdout).toContain("2 nodes, 1 with an agent that is ready");
  expect(nodes.stdout).toMatch(/^node2 +NONE /m);
  expect(nodes.stdout.replace(/\s+/g, " ")).toContain("figures that the last one wrote");
  const status = await ask("status", "--interval", "0");
  expect(status.code).toBe(1);
  expect(status.stdout).toContain("default/seen");
  expect(status.stdout).toContain("node2: no agent is on this node");
}

/** Leaves the chart as it was. */
export async function kubectlFairway(
  cluster: Cluster,
  release: Release,
  reader: Reader,
): Promise<void> {
  await installed(cluster, release, reader);
  const users = await usersOf(cluster);
  await untilTold(cluster);
  await expectLooks(users, cluster);
  await expectExplained(users, cluster);
  await expectPage(users, cluster, release);
  await expectRights(users, cluster);
  await expectAway(users, cluster);
  await cluster.kubectl("delete", "pod", "seen", "--timeout=60s");
  await cluster.kubectl("label", "node", "node1", `${label}-`);
  await cluster.kubectl("delete", "clusterrolebinding/reader");
  await cluster.kubectl("delete", "role/minter", "rolebinding/minter", "-n", namespace);
  await release.install();
  await release.rolledOut();
}
