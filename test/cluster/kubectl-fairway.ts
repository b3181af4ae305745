/**
 * `kubectl fairway` on the cluster that the chart is on: by a user who has what viewer.subjects get, by one who has a part
 * of it, and by one who has nothing. kubectl starts it as it starts every plugin.
 */
import { expect } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, minimalEnvironment } from "../../src/ops/child.ts";
import { binary } from "../support/binary.ts";
import { statusFrom } from "../support/status-schema.ts";
import type { Cluster } from "./cluster.ts";
import { makeKeys } from "./keys.ts";
import { deployment, egress, pod } from "./manifests.ts";
import { readyAddress } from "./pods.ts";
import { namespace, type Release } from "./release.ts";
import { kubernetesPart } from "./tools.ts";

const port = 9464;
const label = "fairway-is-here";
const secret = "fairway-metrics";

type Ask = (...args: string[]) => Promise<CommandResult>;

interface Users {
  /** Has all that the chart gives. */
  looker: Ask;
  /** May read what the API server has, and ask no agent. */
  reader: Ask;
  stranger: Ask;
}

const looker = "viewer.subjects[0].kind=ServiceAccount,viewer.subjects[0].name=looker";

/** Each is a service account, by its own token and a kubeconfig. */
async function usersOf(cluster: Cluster): Promise<Users> {
  const { machine } = cluster.control;
  const folder = join(cluster.scratch, "kubectl-fairway");
  mkdirSync(folder);
  const [kubernetes = ""] = kubernetesPart("kubectl");
  symlinkSync(kubernetes, join(folder, "kubectl"));
  symlinkSync(binary, join(folder, "kubectl-fairway"));
  const askAs = async (name: string): Promise<Ask> => {
    await cluster.kubectl("create", "serviceaccount", name);
    const token = (await cluster.kubectl("create", "token", name)).trim();
    const kubeconfig = join(folder, `${name}.kubeconfig`);
    writeFileSync(kubeconfig, cluster.control.kubeconfigOf({ name, token, groups: [] }));
    return async (...args) => {
      const done = await machine.run(["kubectl", "fairway", ...args], {
        env: {
          ...{ KUBECONFIG: kubeconfig, HOME: machine.disk },
          PATH: `${folder}:${minimalEnvironment().PATH}`,
        },
        timeoutMs: 60_000,
      });
      console.log(`${name}$ kubectl fairway ${args.join(" ")}\n${done.stdout}${done.stderr}`);
      return done;
    };
  };
  return {
    looker: await askAs("looker"),
    reader: await askAs("reader"),
    stranger: await askAs("stranger"),
  };
}

async function installed(cluster: Cluster, release: Release): Promise<void> {
  const keys = makeKeys(join(cluster.scratch, "agents-keys"), ["DNS:fairway"], []);
  const files = [`--cert=${keys.server}`, `--key=${keys.serverKey}`];
  await cluster.kubectl("create", "secret", "tls", secret, "-n", namespace, ...files);
  for (const { name } of cluster.nodes)
    await cluster.kubectl("label", "node", name, `${label}=yes`);
  await release.install(
    `metrics.port=${port},metrics.tlsSecret=${secret},nodeSelector.${label}=yes`,
    `viewer.enabled=true,${looker},viewer.subjects[0].namespace=default`,
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

const done = (stdout: string): object => ({
  ...{ code: 0, stderr: "" },
  stdout: expect.stringContaining(stdout),
});
const failed = (stderr: string): object => ({
  ...{ code: 1, stdout: "" },
  stderr: expect.stringContaining(stderr),
});

async function expectLooks({ looker: ask }: Users, cluster: Cluster): Promise<void> {
  await cluster.apply(pod("seen", { node: "node1", annotations: egress("100M") }));
  await readyAddress(cluster, "seen");
  const whole = await ask("status");
  expect(whole).toMatchObject(done("== node1\n"));
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
  expect(others).toMatchObject(done("No pod shown here has a guarantee."));
  const top = ["top", "--node", "node1", "--count", "2", "--interval", "200ms"];
  expect((await ask(...top)).stdout.match(/default\/seen/g)).toHaveLength(2);
  expect(await ask("doctor", "--node", "node1")).toMatchObject(done("0 errors"));
  expect(await ask("status", "--pod", "nobody", "--interval", "0")).toMatchObject(
    failed('--pod "nobody": no node that was asked has such a pod'),
  );
  expect(await ask("status", "--node", "node9")).toMatchObject(
    failed('--node "node9": the cluster has no such node'),
  );
}

async function expectExplained({ looker: ask }: Users, cluster: Cluster): Promise<void> {
  expect(await ask("explain", "seen")).toMatchObject(done("It is on node1."));
  await cluster.apply([
    pod("giant", { annotations: egress("390M") }),
    deployment("full", 2, { annotations: egress("270M") }),
  ]);
  await cluster.kubectl("rollout", "status", "deployment/full", "--timeout=60s");
  const full = await ask("explain", "deployment/full");
  expect(full.code).toBe(0);
  expect(full.stdout.replace(/\s+/g, " ")).toContain("2 of 2 replicas are on a node; 0 more fit");
  expect(full.stdout.replace(/\s+/g, " ")).toContain("Set maxSurge: 0 and maxUnavailable: 1");
  await cluster.until("the scheduler has said why giant waits", async () => {
    const { stdout } = await ask("explain", "giant");
    return stdout.includes("The scheduler says: 0/2 nodes");
  });
  const giant = await ask("explain", "pod/giant");
  expect(giant.code).toBe(1);
  expect(giant.stdout).toContain("IT FITS NOWHERE");
  expect(giant.stdout).toContain("No node of this cluster ever has 390 Mbit/s of egress");
  expect(await ask("explain", "nobody", "-n", "default")).toMatchObject(
    failed("namespace default has no pod nobody"),
  );
  const { stdout } = await ask("nodes");
  // 380 less 270, and less the 100 of `seen` on the one.
  expect(stdout).toContain("2 nodes, 2 with an agent that is ready");
  await cluster.kubectl("delete", "deployment/full", "pod/giant", "--timeout=60s");
}

async function expectRights({ reader, stranger, looker: ask }: Users, cluster: Cluster) {
  const role = ["clusterrolebinding", "reader", "--clusterrole=fairway-viewer"];
  await cluster.kubectl("create", ...role, "--serviceaccount=default:reader");
  expect(await reader("nodes")).toMatchObject(done("2 nodes"));
  expect(await reader("explain", "seen")).toMatchObject(done("It is on node1."));
  for (const command of ["status", "doctor"])
    expect(await reader(command)).toMatchObject(
      failed(`you may not create a token of service account ${namespace}/fairway-viewer`),
    );
  for (const command of ["nodes", "status", "top", "doctor"])
    expect(await stranger(command)).toMatchObject(failed("you may not list nodes"));
  expect(await stranger("explain", "seen")).toMatchObject(failed("you may not get pod seen"));
  // The right to make the token is none to come through the API server's proxy.
  await cluster.kubectl(
    ...["create", "role", "minter", "-n", namespace, "--verb=create"],
    ...["--resource=serviceaccounts/token", "--resource-name=fairway-viewer"],
  );
  await cluster.kubectl(
    ...["create", "rolebinding", "minter", "-n", namespace, "--role=minter"],
    "--serviceaccount=default:reader",
  );
  expect(await reader("status")).toMatchObject(
    failed("you may not ask agents by the API server's proxy (pods/proxy)"),
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
  expect(await ask("nodes", "--kubeconfig", dead)).toMatchObject(
    failed("the API server cannot be asked to list nodes"),
  );
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
export async function kubectlFairway(cluster: Cluster, release: Release): Promise<void> {
  await installed(cluster, release);
  const users = await usersOf(cluster);
  await untilTold(cluster);
  await expectLooks(users, cluster);
  await expectExplained(users, cluster);
  await expectRights(users, cluster);
  await expectAway(users, cluster);
  await cluster.kubectl("delete", "pod", "seen", "--timeout=60s");
  await cluster.kubectl("label", "node", "node1", `${label}-`);
  await cluster.kubectl("delete", "clusterrolebinding/reader");
  await cluster.kubectl("delete", "role/minter", "rolebinding/minter", "-n", namespace);
  await release.install();
  await release.rolledOut();
}
