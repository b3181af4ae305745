/** A node with an agent that serves its page, and what can be seen on it: nothing much, a load, a promise not kept. */
import { addresses } from "../../src/prove/lab/wire.ts";
import type { TrafficSpec } from "../../src/prove/traffic/spec.ts";
import { type Agent, socketIn, startAgent } from "../support/agent.ts";
import { binary } from "../support/binary.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { withTraffic } from "../support/traffic.ts";
import { until } from "../support/until.ts";

export interface Scene {
  node: TestNode;
  agent: Agent;
  /** What `fairway ui` prints: valid once. */
  address(): string;
  /** web and db stay within their guarantees, video and batch take more. */
  load(): Promise<void>;
  /** Somebody halves db's class, and nobody repairs it. */
  halve(): void;
}

const guarantee = (rate: string): Record<string, string> => ({
  "fairway.dev/egress-guarantee": rate,
});

const promises: Record<string, Record<string, string>> = {
  "shop/web-7d9c5-x2k4p": { ...guarantee("100M"), "fairway.dev/ingress-guarantee": "80M" },
  "shop/db-0": { ...guarantee("40M"), "fairway.dev/latency-target": "20ms" },
  "media/video-0": { ...guarantee("60M"), "fairway.dev/egress-limit": "80M" },
  "batch/backup-28391-q7": {},
};

const forMs = 600_000;
const [port, payloadBytes] = [7_000, 1_400];
/** UDP, IPv4 and Ethernet have 42 bytes. */
const payloadBits = (frameBits: number): number =>
  Math.round((frameBits * payloadBytes) / (payloadBytes + 42));

const sends = (host: string, frameBits: number): TrafficSpec => ({
  role: "udp-source",
  from: [{ netns: "", host, port }],
  rateBits: payloadBits(frameBits),
  ...{ payloadBytes, segments: 4, turnMs: 2, onMs: 0, offMs: 0, forMs },
});

const takes: TrafficSpec = {
  role: "udp-sink",
  at: [{ netns: "", host: "", port }],
  forMs,
  everyMs: 1_000,
};

export const page = "http://127.0.0.1:9465";
export const withPage = ["--ui", "--repair", "observe"];

async function withPods(node: TestNode, agent: Agent): Promise<Record<string, Pod>> {
  const pods: Record<string, Pod> = {};
  for (const [title, annotations] of Object.entries(promises)) {
    const [namespace = "", name = ""] = title.split("/");
    const pod = node.pod(name);
    const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name}`;
    const { code, stdout } = await agent.verb("ADD", pod, { annotations, args });
    if (code !== 0) throw new Error(`${title}: ${stdout}`);
    pods[name] = pod;
  }
  return pods;
}

export const addressOf = (node: TestNode, { socket }: Agent): string =>
  node.run(binary, "ui", "--socket", socket).trim();

/** The address of a pod, of what its ADD leaves in the namespace. */
const ipOf = (node: TestNode, name: string): string => {
  const pods = JSON.parse(node.fairway("status", "--json", "--no-measure").stdout) as {
    pods: { pod: string; addresses: string[] }[];
  };
  return pods.pods.find(({ pod }) => pod.endsWith(`/${name}`))?.addresses[0] ?? "";
};

/** The class of db's guarantee gets half of it. */
function halve(node: TestNode): void {
  const classes = node.run("tc", "class", "show", "dev", "uplink");
  const [, id = ""] = /class htb (fa01:\w+) .*rate 40Mbit/.exec(classes) ?? [];
  node.run(
    ...["tc", "class", "change", "dev", "uplink", "parent", "fa01:1", "classid", id],
    ...["htb", "rate", "20mbit", "ceil", "20mbit"],
  );
}

export const withScene = (use: (scene: Scene) => Promise<void>): Promise<void> =>
  withNode(async (node) => {
    await using agent = await startAgent(node, { socket: socketIn(node), options: withPage });
    const pods = await withPods(node, agent);
    await until("it is ready", () => agent.page("/readyz") === "ok\n");
    const of = (name: string): string => pods[name]?.namespace ?? "";
    await withTraffic((start) =>
      use({
        node,
        agent,
        address: () => addressOf(node, agent),
        async load() {
          const web = "web-7d9c5-x2k4p";
          await start(node.lab.remote, takes);
          await start(of(web), takes);
          await start(of(web), sends(addresses.remote, 52e6));
          await start(of("db-0"), sends(addresses.remote, 39e6));
          await start(of("video-0"), sends(addresses.remote, 95e6));
          await start(of("backup-28391-q7"), sends(addresses.remote, 120e6));
          await start(node.lab.remote, sends(ipOf(node, web), 30e6));
        },
        halve: () => halve(node),
      }),
    );
  });
