import { describe, expect, test } from "bun:test";
import { minimalEnvironment } from "../../../src/ops/child.ts";
import type { Count } from "../../../src/prove/engine/result.ts";
import { asFrames, latencyRun, rateBits } from "../../../src/prove/judge/statistics.ts";
import { type Lab, withLab } from "../../../src/prove/lab/lab.ts";
import {
  insideNamespace,
  mustInNamespace,
  namespacePath,
} from "../../../src/prove/lab/namespaces.ts";
import { addresses, devices } from "../../../src/prove/lab/wire.ts";
import type { RoundTrip, TrafficReport, TrafficSpec } from "../../../src/prove/traffic/spec.ts";

const root = process.getuid?.() === 0;
const entry = `${import.meta.dir}/../../../bin/prove.ts`;

function start(namespace: string, spec: TrafficSpec) {
  const argv = insideNamespace(namespace, [
    process.execPath,
    entry,
    "traffic",
    JSON.stringify(spec),
  ]);
  return Bun.spawn(argv, {
    env: minimalEnvironment(),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
}

function parse(text: string): TrafficReport[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as TrafficReport);
}

/** Everything that a generator says until it ends. */
async function lines(child: ReturnType<typeof start>): Promise<TrafficReport[]> {
  return parse(await new Response(child.stdout).text());
}

/** Resolves when a server listens, with a function that gives the rest of what it says. */
async function ready(child: ReturnType<typeof start>): Promise<() => Promise<TrafficReport[]>> {
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  const { value } = await reader.read();
  let text = decoder.decode(value, { stream: true });
  expect(text).toStartWith('{"type":"ready"}');
  return async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return parse(text);
      text += decoder.decode(value, { stream: true });
    }
  };
}

/** How many have come into a namespace, and how many left it. */
function tcpSegments(namespace: string): [number, number] {
  const lines = mustInNamespace(namespace, ["cat", "/proc/net/snmp"]).split("\n");
  const [names = [], values = []] = lines
    .filter((line) => line.startsWith("Tcp:"))
    .map((line) => line.split(" "));
  const count = (name: string) => Number(values[names.indexOf(name)]);
  return [count("InSegs"), count("OutSegs")];
}

const host = addresses.remote;

/** A remote host that answers, asked 200 times in a second, and what the prober says until it ends. */
async function probeEcho(lab: Lab, times: { forMs: number; timeoutMs: number }) {
  const port = 7000;
  const echo = start(lab.remote, { role: "udp-echo", port, forMs: 8000 });
  await ready(echo);
  const asked = { host, port, perSecond: 200, payloadBytes: 64, ...times };
  return { echo, told: lines(start(lab.node, { role: "udp-probe", ...asked })) };
}

const tripsOf = (found: TrafficReport[]): RoundTrip[] =>
  found.flatMap((line) => (line.type === "round-trips" ? line.trips : []));

describe.skipIf(!root)("traffic over a wire of 100 Mbit/s", () => {
  test("the source fills it, and the sink sees it in Ethernet frames", async () => {
    await withLab({ prefix: "fwtraffic", wireBits: 100e6 }, async (lab) => {
      const sink = start(lab.remote, { role: "tcp-sink", port: 5001, forMs: 4000, everyMs: 50 });
      const rest = await ready(sink);
      const source = start(lab.node, {
        role: "tcp-source",
        host,
        port: 5001,
        flows: 4,
        forMs: 2500,
      });
      const counts = (await rest()).filter(
        (line): line is TrafficReport & Count => line.type === "count",
      );
      expect(await source.exited).toBe(0);
      const fromMs = (counts.find(({ bytes }) => bytes > 0)?.atMs ?? 0) + 500;
      const megabits = asFrames(rateBits(counts, { fromMs, toMs: fromMs + 1500 })) / 1e6;
      expect(megabits).toBeWithin(95, 101);
    });
  }, 20_000);

  test("the sink's kernel acknowledges as segments come, not as the sink looks", async () => {
    await withLab({ prefix: "fwtraffic", wireBits: 100e6 }, async (lab) => {
      // Else the sender's kernel hands over 44 segments in one piece.
      mustInNamespace(lab.node, ["ip", "link", "set", devices.uplink, "gso_max_segs", "1"]);
      const sink = start(lab.remote, { role: "tcp-sink", port: 5001, forMs: 2500, everyMs: 50 });
      const rest = await ready(sink);
      const spec = { role: "tcp-source", host, port: 5001, flows: 1, forMs: 1500 } as const;
      await start(lab.node, spec).exited;
      await rest();
      const [came, went] = tcpSegments(lab.remote);
      expect(came).toBeGreaterThan(5_000);
      // Every second segment has its answer (RFC 5681, 4.2); by the looks it would be one in sixteen.
      expect(came / went).toBeLessThan(4);
    });
  }, 20_000);

  test("the prober keeps its pace and times every answer", async () => {
    await withLab({ prefix: "fwtraffic", wireBits: 100e6 }, async (lab) => {
      const { echo, told } = await probeEcho(lab, { forMs: 1000, timeoutMs: 500 });
      const found = await told;
      echo.kill();
      const trips = tripsOf(found);
      const probed = found.find((line) => line.type === "probed");
      expect(probed).toMatchObject({ due: 200, lostAtMs: [] });
      expect(trips.length).toBeWithin(120, 201);
      const [first] = trips[0] ?? [0];
      const run = latencyRun(
        { due: 200, sent: 200, trips, lostAtMs: [] },
        { fromMs: first, toMs: first + 1001 },
        100,
      );
      // Two 64-byte datagrams on an idle wire: far from its 80 ms of buffer, and not nothing.
      expect(run.p50Us).toBeWithin(5, 20_000);
    });
  }, 20_000);

  test("how long the other end's process held a request is seen, and not the network's", async () => {
    await withLab({ prefix: "fwtraffic", wireBits: 100e6 }, async (lab) => {
      const { echo, told } = await probeEcho(lab, { forMs: 1500, timeoutMs: 1000 });
      await Bun.sleep(500);
      echo.kill("SIGSTOP");
      await Bun.sleep(300);
      echo.kill("SIGCONT");
      const trips = tripsOf(await told);
      echo.kill();
      expect(trips.every(([, us, seenUs]) => us > 0 && us < seenUs)).toBe(true);
      const held = trips.filter(([, , seenUs]) => seenUs > 100_000);
      expect(held.length).toBeGreaterThan(20);
      expect(held.every(([, us, seenUs]) => us < seenUs / 2)).toBe(true);
    });
  }, 20_000);

  test("what is never answered is lost, not forgotten", async () => {
    await withLab({ prefix: "fwtraffic" }, async (lab) => {
      const spec = {
        role: "udp-probe",
        host,
        port: 9,
        forMs: 300,
        perSecond: 100,
        payloadBytes: 64,
        timeoutMs: 100,
      } as const;
      const probed = (await lines(start(lab.node, spec))).find((line) => line.type === "probed");
      const lost = probed?.type === "probed" ? probed.lostAtMs.length : 0;
      expect(lost).toBeWithin(5, 31);
    });
  }, 20_000);
});

describe.skipIf(!root)("datagrams at a rate", () => {
  const countsOf = (found: TrafficReport[], of: number): Count[] =>
    found.filter((line) => line.type === "count" && line.of === of) as (TrafficReport & Count)[];

  /** From two namespaces by one process, to two ports of one sink. */
  async function send(over: Partial<Extract<TrafficSpec, { role: "udp-source" }>>) {
    return withLab({ prefix: "fwtraffic" }, async (lab) => {
      const ends = [lab.node, lab.node].map((namespace, i) => ({
        netns: namespacePath(namespace),
        host,
        port: 6100 + i,
      }));
      const at = ends.map(({ port }) => ({ netns: "", host: "", port }));
      const sink = start(lab.remote, { role: "udp-sink", at, forMs: 3000, everyMs: 10 });
      const rest = await ready(sink);
      const source = start(lab.remote, {
        role: "udp-source",
        from: ends,
        rateBits: 8e6,
        payloadBytes: 1000,
        segments: 1,
        turnMs: 1,
        onMs: 0,
        offMs: 0,
        forMs: 1500,
        ...over,
      });
      const sent = await lines(source);
      return { sent, received: await rest() };
    });
  }

  test.each([
    ["paced, a datagram at a time", {}],
    ["in units of several", { segments: 3 }],
    ["in bursts", { turnMs: 50 }],
  ] as const)(
    "%s: the rate is kept, and nothing is lost",
    async (_title, over) => {
      const { sent, received } = await send(over);
      const last = sent.findLast((line) => line.type === "sent");
      for (const of of [0, 1]) {
        const counts = countsOf(received, of);
        const fromMs = (counts.find(({ bytes }) => bytes > 0)?.atMs ?? 0) + 200;
        expect(rateBits(counts, { fromMs, toMs: fromMs + 1000 }) / 8e6).toBeWithin(0.9, 1.1);
      }
      const bytes = [0, 1].reduce(
        (sum, of) => sum + (countsOf(received, of).at(-1)?.bytes ?? 0),
        0,
      );
      // The last line of the sender is up to 100 ms older than its last datagram.
      expect(bytes).toBeGreaterThanOrEqual(last?.type === "sent" ? last.bytes : Infinity);
    },
    20_000,
  );

  test("with pauses: silent, then at once at its rate, and it says when", async () => {
    const { sent, received } = await send({ onMs: 200, offMs: 200 });
    const resumed = sent.flatMap((line) => (line.type === "resumed" ? line.atMs : []));
    expect(resumed.length).toBeWithin(3, 5);
    const counts = countsOf(received, 0);
    const [first = 0] = resumed;
    const during = rateBits(counts, { fromMs: first + 20, toMs: first + 180 });
    expect(during / 8e6).toBeWithin(0.8, 1.2);
    expect(rateBits(counts, { fromMs: first + 230, toMs: first + 380 })).toBe(0);
  }, 20_000);
});

describe.skipIf(!root)("connections that the receiver opens", () => {
  test("are filled by the one who listens", async () => {
    await withLab({ prefix: "fwtraffic", wireBits: 100e6 }, async (lab) => {
      const source = start(lab.remote, { role: "tcp-give", port: 5001, forMs: 5000 });
      await ready(source);
      const sink = start(lab.node, {
        role: "tcp-take",
        host,
        port: 5001,
        flows: 2,
        forMs: 2500,
        everyMs: 50,
      });
      const counts = (await lines(sink)).filter(
        (line): line is TrafficReport & Count => line.type === "count",
      );
      source.kill();
      const fromMs = (counts[0]?.atMs ?? 0) + 500;
      const megabits = asFrames(rateBits(counts, { fromMs, toMs: fromMs + 1500 })) / 1e6;
      expect(megabits).toBeWithin(90, 101);
    });
  }, 20_000);
});

describe.skipIf(!root)("a generator ends", () => {
  test("as soon as its standard input is closed", async () => {
    await withLab({ prefix: "fwtraffic" }, async (lab) => {
      const sink = start(lab.remote, { role: "tcp-sink", port: 5001, forMs: 60_000, everyMs: 50 });
      await ready(sink);
      const sinceMs = performance.now();
      sink.stdin.end();
      expect(await sink.exited).toBe(0);
      expect(performance.now() - sinceMs).toBeLessThan(2_000);
    });
  }, 20_000);

  test("with a line that says why, where nobody listens", async () => {
    await withLab({ prefix: "fwtraffic" }, async (lab) => {
      const source = start(lab.node, {
        role: "tcp-source",
        host,
        port: 5001,
        flows: 1,
        forMs: 1000,
      });
      const [line] = await lines(source);
      expect(line).toMatchObject({ type: "failed" });
      expect(await source.exited).toBe(1);
    });
  }, 20_000);
});
