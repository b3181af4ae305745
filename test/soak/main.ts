/** Pods that come and go under traffic, with their promises looked at all along: main.ts RESULT_FILE MINUTES */
import { writeFileSync } from "node:fs";
import type { NodeStatus } from "../../src/ops/status/model.ts";
import { useLossBasedTcp } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { countOf } from "../faults/support/fairway-chain.ts";
import { binary, prover } from "../support/binary.ts";
import { type Pod, requestOf, type TestNode, verbEnvironment, withNode } from "../support/node.ts";
import { runIn } from "../support/process.ts";
import { withTraffic } from "../support/traffic.ts";
import { addLook, notKept, type Promises } from "./promises.ts";
import { grown, type Sample, sampleOf } from "./sample.ts";

export interface SoakResult {
  minutes: number;
  /** By verb. */
  done: Record<string, number>;
  failures: string[];
  samples: Sample[];
  /** Looks at a promise that could be judged, and those that found it below. */
  judged: number;
  below: number;
  promises: Promises;
}

const staying = 4;
const coming = 8;
const port = 5001;

const [, , file = "/dev/stdout", minutesText = "3"] = process.argv;
const minutes = Number(minutesText);
if (!(minutes > 0 && minutes <= 600))
  throw new RangeError(`${minutesText} is no number of minutes`);
const forMs = minutes * 60_000;

const promised = (egress: number, ingress: number) => ({
  annotations: {
    "fairway.dev/egress-guarantee": `${egress}M`,
    "fairway.dev/ingress-guarantee": `${ingress}M`,
  },
});

/** Well below what two processors can send, so that it is the shaping that is looked at. */
const extra = {
  uplink: {
    name: "uplink",
    egressCapacity: "60M",
    ingressCapacity: "60M",
    gsoMaxSize: 9000,
  },
  ipam: {
    subnet: "198.19.1.0/24",
    rangeStart: "198.19.1.2",
    rangeEnd: `198.19.1.${1 + staying + coming}`,
    routes: [{ dst: "0.0.0.0/0" }],
  },
};

async function soak(node: TestNode, result: SoakResult): Promise<void> {
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  const isOver = (): boolean => seconds() * 1000 > forMs;

  const verb = async (name: string, pod: Pod, options = {}): Promise<Record<string, unknown>> => {
    const done = await runIn(node.lab.node, {
      argv: [binary],
      stdin: requestOf(node.config, options),
      env: verbEnvironment(name, pod, {}),
    });
    if (done.code === 0) result.done[name] = (result.done[name] ?? 0) + 1;
    else result.failures.push(`${name} of ${pod.containerId}: ${done.stdout}${done.stderr}`);
    return done.json;
  };
  const command = async (...args: string[]): Promise<string> => {
    const argv = [binary, ...args, "--data-dir", node.dataDir];
    const done = await runIn(node.lab.node, { argv });
    // 3: something differs, which pods that come and go do for a moment.
    if (done.code === 0 || (args[0] === "status" && done.code === 3))
      result.done[args[0] ?? ""] = (result.done[args[0] ?? ""] ?? 0) + 1;
    else result.failures.push(`${args.join(" ")}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  };

  await withTraffic(async (start) => {
    await start(node.lab.remote, {
      role: "tcp-sink",
      ...{ port, everyMs: 1_000, forMs: forMs + 30_000 },
    });
    const source = { role: "tcp-source", host: addresses.remote, port, flows: 2 } as const;
    useLossBasedTcp(node.lab.remote);
    const stay = Array.from({ length: staying }, (_, i) => node.pod(`stay${i}`));
    for (const [i, pod] of stay.entries()) {
      await verb("ADD", pod, promised(4 + 2 * i, 2));
      useLossBasedTcp(pod.namespace);
      await start(pod.namespace, { ...source, forMs: forMs + 10_000 });
    }

    const come = async (pod: Pod, index: number): Promise<void> => {
      useLossBasedTcp(pod.namespace);
      while (!isOver()) {
        const options = promised(1 + (index % 3), 1);
        const prevResult = await verb("ADD", pod, options);
        // A generator of its own, that ends with its time.
        const traffic = runIn(pod.namespace, {
          argv: [prover, "traffic", JSON.stringify({ ...source, flows: 1, forMs: 2_000 })],
        });
        await Bun.sleep(800 + 137 * index);
        await verb("CHECK", pod, { ...options, config: { prevResult } });
        await traffic;
        await verb("DEL", pod, options);
      }
    };
    const look = async (): Promise<void> => {
      while (!isOver()) {
        const status = JSON.parse(await command("status", "--json", "--interval", "2s"));
        const promises = addLook(result.promises, status as NodeStatus, (attachment) =>
          attachment.startsWith("pods/stay"),
        );
        result.samples.push(sampleOf(node, seconds(), promises));
        result.judged += promises.judged;
        result.below += promises.below;
        await Bun.sleep(2_000);
      }
    };
    const clean = async (): Promise<void> => {
      while (!isOver()) {
        await Bun.sleep(10_000);
        const freed = await command("gc");
        if (freed !== "nothing to do\n") result.failures.push(`gc of what lives: ${freed}`);
        await command("repair");
      }
    };
    const pods = Array.from({ length: coming }, (_, i) => node.pod(`come${i}`));
    await Promise.all([...pods.map(come), look(), clean()]);
    const expect = (what: string, wanted: number): void => {
      for (const [key, count] of Object.entries(countOf(node, node.dataDir)))
        if (count !== wanted) result.failures.push(`${what}: ${count} ${key}, not ${wanted}`);
    };
    expect("with those that stay", staying);
    for (const pod of stay) await verb("DEL", pod);
    expect("without any", 0);
  });
}

const result: SoakResult = {
  ...{ minutes, done: {}, failures: [], samples: [], judged: 0, below: 0, promises: {} },
};
await withNode((node) => soak(node, result), extra);
result.failures.push(...grown(result.samples), ...notKept(result.promises));
if (result.judged === 0) result.failures.push("no promise could be judged");
writeFileSync(file, JSON.stringify(result));
