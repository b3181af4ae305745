/** The client and what it is used for, by a real API server behind a proxy that spoils what passes. */
import { afterAll, expect, test } from "bun:test";
import { readNode } from "../../src/cluster/node-object.ts";
import { NodeWriter } from "../../src/cluster/node-writer.ts";
import { type PodSeen, readPod } from "../../src/cluster/pod-seen.ts";
import { Recorder } from "../../src/cluster/recorder.ts";
import { type FollowPace, follow } from "../../src/kube/follow.ts";
import type { Meta } from "../../src/kube/objects.ts";
import { until } from "../support/until.ts";
import { type ApiServer, apiServer } from "./api-server.ts";
import { type FaultyProxy, faultyProxy } from "./faulty-proxy.ts";
import type { Json } from "./kubectl.ts";
import { install, nodeObject } from "./member-node.ts";
import { hasApiServer } from "./tools.ts";

const limitMs = 120_000;
const key = "fairway.dev/egress-guarantee";

let shared: Promise<ApiServer> | null = null;
afterAll(async () => (await shared)?.down());

async function made(): Promise<ApiServer> {
  const server = await apiServer();
  await server.until("there is a default namespace", async () => {
    const { code } = await server.tryKubectl(["get", "namespace", "default"]);
    return code === 0;
  });
  await server.tryKubectl(["create", "serviceaccount", "default"]);
  await install(server);
  return server;
}

const podObject = (name: string, nodeName: string, value = "1M"): Json => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, annotations: { [key]: value } },
  spec: { nodeName, automountServiceAccountToken: false, containers: [{ name: "c", image: "i" }] },
});

interface Means {
  server: ApiServer;
  proxy: FaultyProxy;
  signal: AbortSignal;
  /** The values of the followed pods of node n, by name. */
  followed(pace?: Partial<FollowPace>): {
    values: () => Record<string, string>;
    troubles: string[];
    pods: () => PodSeen[];
  };
  annotate(name: string, value: string): Promise<string>;
}

function clientTest(title: string, use: (means: Means) => Promise<void>): void {
  test.skipIf(!hasApiServer)(
    hasApiServer ? title : `${title} (needs Go)`,
    async () => {
      shared ??= made();
      const server = await shared;
      await using proxy = faultyProxy(server);
      const ending = new AbortController();
      const { signal } = ending;
      const running: Promise<void>[] = [];
      try {
        await server.apply([podObject("a", "n"), podObject("b", "n"), podObject("other", "m")]);
        await use({
          ...{ server, proxy, signal },
          annotate: (name, value) =>
            server.kubectl("annotate", "pod", name, "--overwrite", `${key}=${value}`),
          followed: (pace = {}) => {
            let pods: PodSeen[] = [];
            const troubles: string[] = [];
            running.push(
              follow({
                client: proxy.client,
                path: "/api/v1/pods",
                query: { fieldSelector: "spec.nodeName=n" },
                metadataOnly: true,
                read: readPod,
                onChange: (seen) => {
                  pods = seen;
                },
                onTrouble: (trouble) => void troubles.push(trouble?.message ?? ""),
                ...{ signal, pace },
              }),
            );
            const values = (): Record<string, string> =>
              Object.fromEntries(pods.map((pod) => [pod.name, pod.annotations[key] ?? ""]));
            return { values, troubles, pods: () => pods };
          },
        });
      } finally {
        ending.abort();
        await Promise.all(running);
        proxy.cut();
        await server.kubectl("delete", "pod", "--all", "--force", "--grace-period=0");
      }
    },
    limitMs,
  );
}

clientTest(
  "pods are followed, by their metadata alone",
  async ({ followed, annotate, server, proxy }) => {
    const { values } = followed();
    await until("both are there", () => Object.keys(values()).length === 2);
    expect(values()).toEqual({ a: "1M", b: "1M" });
    await annotate("a", "2M");
    await until("a change is heard", () => values().a === "2M");
    await server.kubectl("delete", "pod", "b", "--force", "--grace-period=0");
    await until("a deletion is heard", () => !("b" in values()));
    const response = await proxy.client.ask({
      path: "/api/v1/pods",
      accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
    });
    expect(JSON.stringify(response)).not.toContain('"containers"');
  },
);

clientTest("a watch that is cut goes on", async ({ followed, annotate, proxy }) => {
  const { values } = followed();
  await until("both are there", () => Object.keys(values()).length === 2);
  for (const value of ["2M", "3M", "4M"]) {
    proxy.cut();
    await annotate("a", value);
    await until(`${value} is heard`, () => values().a === value);
  }
});

clientTest(
  "events that are repeated change nothing, and one that is lost is found",
  async ({ followed, annotate, proxy }) => {
    const { values } = followed({ relistMs: 1_000, watchMs: 1_000 });
    await until("both are there", () => Object.keys(values()).length === 2);
    proxy.fault = { lines: (line) => [line, line] };
    await annotate("a", "2M");
    await until("a repeated one is heard", () => values().a === "2M");
    proxy.fault = { lines: (line) => (line.startsWith('{"type":"MODIFIED"') ? [] : [line]) };
    await annotate("a", "3M");
    await until("a lost one is found", () => values().a === "3M");
  },
);

clientTest(
  "a version that the API server does not have any more, or not yet, has all listed anew",
  async ({ followed, annotate, proxy }) => {
    const { values, troubles } = followed();
    await until("both are there", () => Object.keys(values()).length === 2);
    for (const version of ["1", "999999999"]) {
      let isLeft = true;
      proxy.fault = {
        asked: (url) => {
          if (isLeft && url.searchParams.has("resourceVersion"))
            url.searchParams.set("resourceVersion", version);
          isLeft = isLeft && !url.searchParams.has("resourceVersion");
        },
      };
      proxy.cut();
      const value = version === "1" ? "5M" : "6M";
      await annotate("b", value);
      await until(`${value} is heard`, () => values().b === value, 60_000);
    }
    expect(values().a).toBe("1M");
    expect(troubles.filter((each) => each !== "")).toEqual(expect.any(Array));
  },
);

clientTest(
  "an API server that answers with errors, slowly, or not at all",
  async ({ followed, annotate, proxy }) => {
    const { values } = followed({ silenceMs: 500 });
    await until("both are there", () => Object.keys(values()).length === 2);
    const answers: [string, () => Response][] = [
      ["401", () => new Response("{}", { status: 401 })],
      ["403", () => new Response("{}", { status: 403 })],
      ["410", () => new Response("{}", { status: 410 })],
      ["429", () => new Response("slow down", { status: 429, headers: { "retry-after": "1" } })],
      ["500", () => new Response("<html>", { status: 500 })],
      ["nothing", () => new Response(new ReadableStream({ start() {} }))],
      ["nonsense", () => new Response("nonsense\n")],
    ];
    for (const [n, [name, answer]] of answers.entries()) {
      const before = proxy.requests.length;
      proxy.fault = { answer };
      proxy.cut();
      await annotate("a", `${n + 10}M`);
      await until(`${name} was had`, () => proxy.requests.length > before);
      proxy.fault = {};
      proxy.cut();
      await until(`${name} is over`, () => values().a === `${n + 10}M`);
    }
  },
);

clientTest(
  "an API server that is killed and started again",
  async ({ followed, annotate, server }) => {
    const { values, troubles } = followed();
    await until("both are there", () => Object.keys(values()).length === 2);
    await server.signal("SIGKILL");
    await until("it is told", () => troubles.length > 0);
    expect(values()).toEqual({ a: "1M", b: "1M" });
    await server.start();
    await annotate("a", "7M");
    await until("it is heard", () => values().a === "7M");
    await until("it is over", () => troubles.at(-1) === "");
  },
);

clientTest(
  "a pod that is made anew under its name, while nobody hears it",
  async ({ followed, server, proxy }) => {
    const { values, pods } = followed();
    await until("both are there", () => Object.keys(values()).length === 2);
    const before = pods().find(({ name }) => name === "a")?.uid;
    proxy.fault = { answer: () => new Response("away", { status: 503 }) };
    proxy.cut();
    await server.kubectl("delete", "pod", "a", "--force", "--grace-period=0");
    await server.apply(podObject("a", "n", "9M"));
    proxy.fault = {};
    await until("the new one is known", () => values().a === "9M");
    expect(pods().filter(({ name }) => name === "a")).toHaveLength(1);
    expect(pods().find(({ name }) => name === "a")?.uid).not.toBe(before);
  },
);

interface Found {
  regarding: { name: string };
  note: string;
  series?: { count: number };
}

clientTest(
  "what repeats is one event that counts, also for an agent that started again",
  async ({ server, proxy, signal }) => {
    const { uid } = (await server.get<{ metadata: Meta }>("pod", "a")).metadata;
    const troubles: (string | null)[] = [];
    const recorder = () =>
      new Recorder({
        client: proxy.client,
        node: "n",
        signal,
        onTrouble: (words) => void troubles.push(words),
      });
    const regarding = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "a", uid };
    const happened = (note: string) =>
      ({
        regarding,
        type: "Warning",
        reason: "BandwidthRejected",
        action: "Resize",
        note,
      }) as const;
    const found = async (): Promise<Found[]> => {
      const text = await server.kubectl("get", "events.events.k8s.io", "-o", "json");
      const { items } = JSON.parse(text) as { items: Found[] };
      // An API server that was started again may tell of its own repairs, such as that of a Service's address.
      return items.filter(({ regarding: of }) => of.name === "a");
    };
    const hostile = `\u001b[31m\u0000${"ü".repeat(300_000)}`;
    recorder().tell(happened(hostile));
    await until("it is there", async () => (await found()).length === 1);
    recorder().tell(happened(hostile));
    await until("it is counted", async () => (await found())[0]?.series?.count === 2);
    recorder().tell(happened(hostile));
    await until("it is counted again", async () => (await found())[0]?.series?.count === 3);
    recorder().tell(happened("10M is free"));
    await until("another text is another event", async () => (await found()).length === 2);
    console.log(await server.kubectl("describe", "pod", "a"));
    expect(troubles.filter((each) => each !== null)).toEqual([]);
    await server.kubectl("delete", "events", "--all");
  },
);

clientTest("a Node that is deleted is not made again", async ({ server, proxy, signal }) => {
  await server.apply(nodeObject("gone"));
  const object = await server.get("node", "gone");
  const node = readNode(object, (object as { metadata: Meta }).metadata);
  await server.kubectl("delete", "node", "gone");
  const troubles: (string | null)[] = [];
  let asked = 0;
  const writer = new NodeWriter({
    ...{ client: proxy.client, bootId: "b", signal },
    onTrouble: (words) => void troubles.push(words),
    onOther: () => {},
    wakeIn: () => {
      asked += 1;
    },
    onUntainted: () => {},
  });
  writer.see(node, { "fairway.dev/egress-free": "1M" }, true);
  await until("it was tried", () => asked > 0);
  expect((await server.tryKubectl(["get", "node", "gone"])).code).toBe(1);
});
