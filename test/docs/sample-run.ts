/** The node of docs/commands.md: three pods on 400 Mbit/s, of which two send all that they can. */
import { useLossBasedTcp } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { withTraffic } from "../support/traffic.ts";
import { podArgs, withReaderNode } from "./reader-node.ts";

export const samplePage = "docs/commands.md";
export const sampleBegins = "$ fairway status";

const pods = {
  web: { "fairway.dev/egress-guarantee": "100M" },
  batch: {},
  db: { "fairway.dev/egress-guarantee": "160M", "fairway.dev/latency-target": "1ms" },
};
const senders = ["web", "batch"];
const forMs = 60_000;
const flows = 4;

/**
 * What `fairway status` prints there, as often as `isEnough` says no. On a machine with other work a sender may not
 * have had its turn, and then nothing can be said of its guarantee.
 */
export async function sampleOf(isEnough: (printed: string) => boolean): Promise<string> {
  let printed = "";
  await withReaderNode((node) =>
    withTraffic(async (start) => {
      useLossBasedTcp(node.lab.remote);
      for (const [name, annotations] of Object.entries(pods)) {
        const pod = node.pod(name);
        node.add(pod, { annotations, args: podArgs(`${name}-0`) });
        useLossBasedTcp(pod.namespace);
      }
      for (const [at, name] of senders.entries()) {
        const port = 7000 + at;
        await start(node.lab.remote, { role: "tcp-sink", port, forMs, everyMs: 1_000 });
        const from = `${node.lab.node.slice(0, -"node".length)}${name}`;
        await start(from, { role: "tcp-source", host: addresses.remote, port, flows, forMs });
      }
      const untilMs = performance.now() + forMs / 2;
      do printed = node.type("fairway status");
      while (!isEnough(printed) && performance.now() < untilMs);
    }),
  );
  return printed;
}

/** The sample is cut where the page has said enough. */
const mostLines = 10;

export function pageSample(printed: string): string {
  const lines = printed.trimEnd().split("\n");
  const shown = lines.slice(0, mostLines);
  return `${sampleBegins}\n${shown.join("\n")}\n${lines.length > mostLines ? "...\n" : ""}`;
}

/** Numbers, times and bars are another time's own. Columns are as wide as they have to be. */
export const shapeOf = (sample: string): string =>
  sample
    .replaceAll(/\[[#->]+\]/g, "BAR")
    .replaceAll(/\d+(?:\.\d+)?(?:us|ms|s)?(?![\w-])/g, "N")
    .replaceAll(/ +/g, " ");
