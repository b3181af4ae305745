/**
 * A real Prometheus scrapes an agent whose pods have traffic, and evaluates each expression of the board and of the
 * alerts: those of the board all have a value.
 */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { type Agent, startAgent } from "../support/agent.ts";
import { repository } from "../support/binary.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { prometheus } from "../support/prometheus.ts";
import { withTraffic } from "../support/traffic.ts";
import { until } from "../support/until.ts";

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

const fileOf = (name: string): string =>
  readFileSync(join(repository, "charts/fairway/files", name), "utf8");

/** As Grafana puts its variables in. */
const inPlace = (expr: string): string =>
  expr
    .replaceAll("$__rate_interval", "8s")
    .replaceAll("$__range", "30s")
    .replaceAll(/\$(node|namespace|pod)\b/g, ".*");

const board = JSON.parse(fileOf("dashboard.json")) as { panels: Panel[] };
const panels = board.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr: inPlace(expr) })),
);
const { groups } = Bun.YAML.parse(fileOf("alerts.yaml")) as {
  groups: { rules: { alert: string; expr: string }[] }[];
};
const rules = groups.flatMap((group) => group.rules);

const [forwarded, asked] = ["127.0.0.1:9464", "127.0.0.1:9090"];

/** Prometheus reads no Unix socket. */
const forwarder = (socket: string): string => `
  const unix = ${JSON.stringify(socket)};
  Bun.serve({ hostname: "127.0.0.1", port: 9464, fetch: ({ headers }) =>
    fetch("http://agent/metrics", { unix, headers: { accept: headers.get("accept") ?? "" } }) });
  console.log("ready");`;

const configuration = `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [${join(repository, "charts/fairway/files/alerts.yaml")}]
scrape_configs:
  - job_name: fairway
    honor_labels: true
    static_configs: [{ targets: ["${forwarded}"] }]
`;

/** Prometheus beside an agent, on its node. */
async function withPrometheus(
  node: TestNode,
  agent: Agent,
  use: (query: (path: string, values?: Record<string, string>) => unknown) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fairway-prometheus-"));
  writeFileSync(join(folder, "prometheus.yml"), configuration);
  const started = (argv: string[]) =>
    Bun.spawn(insideNamespace(node.lab.node, argv), {
      env: minimalEnvironment(),
      stdout: "ignore",
      stderr: Bun.file(join(folder, "log")),
    });
  const children = [
    started([process.execPath, "-e", forwarder(agent.socket)]),
    started([
      prometheus(),
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${asked}`,
    ]),
  ];
  try {
    await use((path, values = {}) => {
      const words = Object.entries(values).flatMap(([key, value]) => [
        ...["--data-urlencode", `${key}=${value}`],
      ]);
      return JSON.parse(node.run("curl", "-sS", "-G", ...words, `http://${asked}/api/v1/${path}`));
    });
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => child.exited));
    rmSync(folder, { recursive: true, force: true });
  }
}

const forMs = 60_000;

test("every expression of the board has a value, and no rule is in error", () =>
  withNode(async (node) => {
    const [busy, quick] = [node.pod("busy"), node.pod("quick")];
    await using agent = await startAgent(node);
    const added = async (pod: typeof busy, annotations: Record<string, string>) =>
      agent.verb("ADD", pod, {
        annotations,
        args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod.containerId}`,
      });
    const limits = { "fairway.dev/egress-guarantee": "20M", "fairway.dev/egress-limit": "20M" };
    expect((await added(busy, limits)).code).toBe(0);
    const quickly = {
      "fairway.dev/egress-guarantee": "40M",
      "fairway.dev/latency-target": "20ms",
    };
    expect((await added(quick, quickly)).code).toBe(0);
    await withPrometheus(node, agent, (query) =>
      withTraffic(async (start) => {
        const end = { netns: "", host: addresses.remote, port: 7_000 };
        await start(node.lab.remote, { role: "udp-sink", at: [end], forMs, everyMs: 500 });
        await start(busy.namespace, {
          ...{ role: "udp-source", from: [end], rateBits: 25e6, payloadBytes: 1_400 },
          ...{ segments: 1, turnMs: 1, onMs: 0, offMs: 0, forMs },
        });
        interface Answer {
          status: string;
          data: { result: unknown[]; activeTargets: unknown; groups: unknown };
        }
        const resultOf = (expr: string): unknown[] => {
          const { status, data } = query("query", { query: expr }) as Answer;
          if (status !== "success") throw new Error(`${expr}: ${JSON.stringify(data)}`);
          return data.result;
        };
        await until("Prometheus has scraped a while", () => {
          const up = resultOf("sum_over_time(up[1m])") as { value: [number, string] }[];
          return Number(up[0]?.value[1] ?? 0) >= 6;
        });
        const empty = panels.filter(({ expr }) => resultOf(expr).length === 0);
        expect(empty).toEqual([]);
        for (const { expr } of rules) resultOf(expr);
        const missed = resultOf(
          'sum(fairway_pod_demand_seconds_total{pod="busy", direction="egress"})',
        ) as { value: [number, string] }[];
        expect(Number(missed[0]?.value[1])).toBeGreaterThan(2);
        const told = JSON.stringify(query("rules"));
        expect(told).toContain("FairwayGuaranteeMissed");
        expect(told).not.toContain('"health":"err"');
        expect(JSON.stringify(query("targets"))).toContain('"health":"up","scrapeInterval"');
      }),
    );
  }));
