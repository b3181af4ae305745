/** /metrics by TLS: a real API server says whose a token is, and what they may. */
import { expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "../support/agent.ts";
import { until } from "../support/until.ts";
import { type Keys, makeKeys } from "./keys.ts";
import type { Json } from "./kubectl.ts";
import { type MemberNode, withMember } from "./member-node.ts";
import { hasApiServer } from "./tools.ts";

const limitMs = 120_000;
const address = "127.0.0.1:9464";

const role = (name: string, rules: Json[]): Json => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name },
  rules,
});
const binding = (name: string, account: string, namespace: string): Json => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
  subjects: [{ kind: "ServiceAccount", name: account, namespace }],
});
const account = (name: string): Json => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace: "default" },
});

/** As the chart has them (charts/fairway/templates/rbac.yaml, metrics.yaml). */
const reviews = [
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
];

interface Served {
  member: MemberNode;
  agent: Agent;
  keys: Keys;
  folder: string;
  token(account: string): Promise<string>;
  /** The status and the body. Without a token no header is sent. */
  ask(token?: string, options?: string[]): { status: number; text: string };
}

async function withServed(use: (served: Served) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fairway-metrics-"));
  try {
    await withMember(async (member) => {
      const { server, node } = member;
      await server.apply([
        role("fairway-reviews", reviews),
        binding("fairway-reviews", "fairway", "kube-system"),
        role("fairway-metrics-reader", [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }]),
        ...["prometheus", "stranger"].map(account),
        binding("fairway-metrics-reader", "prometheus", "default"),
      ]);
      const keys = makeKeys(join(folder, "keys"), ["IP:127.0.0.1"], []);
      await using agent = await member.agent([
        ...["--metrics-listen", address],
        ...["--metrics-tls-cert", keys.server, "--metrics-tls-key", keys.serverKey],
      ]);
      await until("the metrics are served", () => agent.log().includes("metrics are served"));
      const ask: Served["ask"] = (token, options = []) => {
        const header = token === undefined ? [] : ["-H", `Authorization: Bearer ${token}`];
        const said = node.run(
          ...["curl", "-sS", "--cacert", keys.ca, "-w", "\n%{http_code}", ...header, ...options],
          `https://${address}/metrics`,
        );
        const end = said.lastIndexOf("\n");
        return { status: Number(said.slice(end + 1)), text: said.slice(0, end) };
      };
      const token = async (name: string): Promise<string> =>
        (await server.kubectl("create", "token", name)).trim();
      await use({ member, agent, keys, folder, token, ask });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function servedTest(title: string, use: (served: Served) => Promise<void>): void {
  const full = hasApiServer ? title : `${title} (needs Go)`;
  test.skipIf(!hasApiServer)(full, () => withServed(use), limitMs);
}

servedTest("without a token 401, without the right 403, and with it the metrics", async (s) => {
  const { ask, token, member, agent } = s;
  await member.pod("cart", { "fairway.dev/egress-guarantee": "80M" });
  expect(ask()).toMatchObject({ status: 401, text: expect.stringContaining("no token was sent") });
  expect(ask("strange")).toMatchObject({
    status: 401,
    text: expect.stringContaining("does not know the token"),
  });
  expect(ask(await token("stranger"))).toMatchObject({
    status: 403,
    text: expect.stringContaining(
      "system:serviceaccount:default:stranger may not get /metrics: bind it to the ClusterRole",
    ),
  });
  const right = await token("prometheus");
  const { status, text } = ask(right);
  expect(status).toBe(200);
  expect(text).toContain(
    'fairway_pod_guarantee_bytes_per_second{namespace="default",pod="cart",direction="egress",tier=""} 10000000',
  );
  const accept = ["-H", "Accept: application/openmetrics-text"];
  expect(ask(right, accept).text).toEndWith("# EOF\n");
  expect(ask(right, ["-X", "POST"]).status).toBe(405);
  // Without TLS there is nothing.
  const inside = ["ip", "netns", "exec", member.node.lab.node];
  const plain = Bun.spawnSync([...inside, "curl", "-sS", `http://${address}/metrics`]);
  expect(plain.stdout.toString()).not.toContain("fairway_");
  expect(agent.page("/healthz")).toBe("ok\n");
});

servedTest("an API server that is away: 503 for tokens that it was not asked about", async (s) => {
  const { ask, token, member } = s;
  const [known, unknown] = [await token("prometheus"), await token("stranger")];
  expect(ask(known).status).toBe(200);
  await member.server.signal("SIGKILL");
  expect(ask(known).status).toBe(200);
  expect(ask(unknown)).toMatchObject({
    status: 503,
    text: expect.stringContaining("the API server cannot be asked about the token"),
  });
  await member.server.start();
});

servedTest("a certificate that is renewed is served, and one that is none is told", async (s) => {
  const { ask, token, keys, folder, agent } = s;
  const right = await token("prometheus");
  const before = ask(right).status;
  expect(before).toBe(200);
  writeFileSync(`${keys.server}.new`, "no certificate");
  renameSync(`${keys.server}.new`, keys.server);
  await until(
    "it is told",
    () => agent.log().includes("cannot serve the metrics on 127.0.0.1 port 9464"),
    60_000,
  );
  expect(ask(right).status).toBe(200);
  const others = makeKeys(join(folder, "others"), ["IP:127.0.0.1"], []);
  for (const [from, to] of [
    [others.serverKey, keys.serverKey],
    [others.server, keys.server],
    [others.ca, keys.ca],
  ] as const)
    renameSync(from, to);
  await until("the other certificate is served", () => ask(right).status === 200, 60_000);
});
