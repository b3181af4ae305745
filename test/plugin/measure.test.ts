/** What `status` measures, beside traffic whose rate is known. */
import { expect, test } from "bun:test";
import { minimalEnvironment } from "../../src/ops/child.ts";
import type { NodeStatus } from "../../src/ops/status/model.ts";
import {
  inNamespace,
  insideNamespace,
  mustInNamespace,
  useLossBasedTcp,
} from "../../src/prove/lab/namespaces.ts";
import { run } from "../../src/prove/lab/run.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { binary } from "../support/binary.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { statusFrom } from "../support/status-schema.ts";
import { withTraffic } from "../support/traffic.ts";

const forMs = 30_000;
const limit = 60_000;

function statusOf(node: TestNode, ...args: string[]): NodeStatus {
  return statusFrom(node.fairway("status", "--json", ...args).stdout);
}

function podOf(status: NodeStatus, containerId: string): NodeStatus["pods"][number] {
  const pod = status.pods.find((p) => p.attachment === `pods/${containerId}/eth0`);
  if (pod === undefined) throw new Error(`no pod ${containerId}`);
  return pod;
}

/** 1470 bytes of UDP payload are 1512 of frame. */
const perSecond = 400;
const pacedBits = perSecond * 1512 * 8;
/** A sender may lack a processor for a part of the time; what it did not send is not there to be measured. */
const near = (rate: number) => [rate * 0.75, rate * 1.1] as const;

/** A sender that gets no processor for a moment is no fault of the tree's: what is not met is measured again. */
function measuredAgain(judge: () => void): void {
  for (let tries = 1; ; tries++) {
    try {
      judge();
      return;
    } catch (error) {
      if (tries === 8) throw error;
    }
  }
}

test(
  "a paced sender shows its rate in both directions; an idle pod with a guarantee shows no demand",
  () =>
    withNode((node) =>
      withTraffic(async (start) => {
        const [busy, idle] = [node.pod("busy"), node.pod("idle")];
        for (const pod of [busy, idle])
          node.add(pod, { annotations: { "fairway.dev/egress-guarantee": "100M" } });
        await start(node.lab.remote, { role: "udp-echo", port: 7000, forMs });
        const probe = { port: 7000, forMs, perSecond, payloadBytes: 1470, timeoutMs: 500 };
        await start(busy.namespace, { role: "udp-probe", host: addresses.remote, ...probe });
        await Bun.sleep(500);

        measuredAgain(() => {
          const status = statusOf(node, "--interval", "2s");
          expect(status.intervalSeconds).toBe(2);
          const { egress, ingress } = podOf(status, "busy");
          if (!egress.measured?.known || !ingress.measured?.known) throw new Error("not measured");
          expect(egress.measured.rateBits).toBeWithin(...near(pacedBits));
          expect(ingress.measured.rateBits).toBeWithin(...near(pacedBits));
          expect(egress.measured.packetsPerSecond).toBeWithin(...near(perSecond));
          expect(egress.measured).toMatchObject({ drops: 0, promise: { state: "noDemand" } });
          expect(ingress.measured.promise.state).toBe("none");
          expect(podOf(status, "idle").egress.measured).toMatchObject({
            rateBits: 0,
            queueDelayUs: 0,
            promise: { state: "noDemand", belowShare: null },
          });
          for (const { measured, direction, host } of status.trees) {
            if (!measured?.known) throw new Error("not measured");
            expect(measured.rateBits).toBeWithin(...near(pacedBits));
            if (direction === "egress")
              expect(host).toMatchObject({ guaranteeBits: 17_952_000, measured: { known: true } });
            else expect(host).toBeNull();
          }
        });

        const shown = node.fairway("status", "--wide");
        expect(shown.code).toBe(0);
        expect(shown.stdout).toMatch(
          /egress +uplink +400Mbit\/s +20Mbit\/s +200Mbit\/s +[34]\.\d+Mbit\/s \(1%\)/,
        );
        expect(shown.stdout).toMatch(
          /pods\/busy\/eth0 .* egress .* [34]\.\d+Mbit\/s .* no demand\n/,
        );
        expect(shown.stdout).toMatch(
          /pods\/idle\/eth0 .* egress .* 0bit\/s +0 +0 B +0 +0 +no demand\n/,
        );
        expect(shown.stdout).toContain("latency targets are admitted on egress");
      }),
    ),
  limit,
);

/** A pod that sends all that it can over TCP. */
async function withFlood(
  annotations: Record<string, string>,
  use: (node: TestNode) => void,
): Promise<void> {
  await withNode((node) =>
    withTraffic(async (start) => {
      const pod = node.pod("busy");
      node.add(pod, { annotations });
      for (const namespace of [pod.namespace, node.lab.remote]) useLossBasedTcp(namespace);
      await start(node.lab.remote, { role: "tcp-sink", port: 5001, forMs, everyMs: 500 });
      const flood = { host: addresses.remote, port: 5001, flows: 4, forMs };
      await start(pod.namespace, { role: "tcp-source", ...flood });
      await Bun.sleep(1500);
      use(node);
    }),
  );
}

test(
  "a flood that is held at its guarantee: that rate, kept, and a delay of its queue",
  () =>
    withFlood(
      { "fairway.dev/egress-guarantee": "40M", "fairway.dev/egress-limit": "40M" },
      (node) =>
        measuredAgain(() => {
          const { measured } = podOf(statusOf(node), "busy").egress;
          if (!measured?.known) throw new Error("not measured");
          expect(measured.rateBits).toBeWithin(...near(40e6));
          // Of a machine that has other work the timers are late now and then, and it says so.
          expect(measured.promise.belowShare).toBeLessThan(0.1);
          expect(measured.backloggedShare).toBeGreaterThan(0.5);
          // The queue holds 10 ms of the limit, or two units.
          expect(measured.queueDelayUs).toBeWithin(500, 30_000);
        }),
    ),
  limit,
);

test(
  "a class that is squeezed while packets wait shows for how long it was below its promise",
  () =>
    withFlood({ "fairway.dev/egress-guarantee": "100M" }, (node) => {
      const classid = ["classid", "fa01:10", "parent", "fa01:1"];
      const squeezed = ["rate", "10mbit", "ceil", "10mbit", "burst", "60000b", "cburst", "60000b"];
      node.run("tc", "class", "change", "dev", "uplink", ...classid, "htb", ...squeezed);
      const status = statusOf(node, "--interval", "2");
      const { measured, kernel } = podOf(status, "busy").egress;
      if (!measured?.known) throw new Error("not measured");
      expect(kernel?.rateBits).toBe(10e6);
      expect(measured.rateBits).toBeLessThan(20e6);
      expect(measured.promise.state).toBe("below");
      expect(measured.promise.belowShare).toBeGreaterThan(0.9);
      expect(measured.promise.judgedSeconds).toBeGreaterThan(1);
      const brief = node.fairway("status").stdout;
      expect(brief).toMatch(
        /^NOT KEPT: 1 of 1 guarantee in 1 s\. pods\/busy\/eth0 egress: BELOW for/,
      );
      expect(brief).toMatch(/\nBELOW \d+% +pods\/busy\/eth0 +egress +\d/);
      const shown = node.fairway("status", "--wide");
      expect(shown.stdout).toMatch(/BELOW for \d+% of [\d.]+ s of demand/);
      expect(shown.stdout).toMatch(/class fa01:10 on uplink: .*rate/);
      expect(shown.code).toBe(3);
    }),
  limit,
);

/** `status` beside whatever the test does meanwhile. */
function background(node: TestNode, ...args: string[]) {
  const argv = [binary, ...args, "--data-dir", node.dataDir];
  return Bun.spawn(insideNamespace(node.lab.node, argv), {
    env: minimalEnvironment(),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

test(
  "a class that is made anew meanwhile says so, and one that is gone too; neither is negative",
  () =>
    withNode(async (node) => {
      const [a, b] = [node.pod("a"), node.pod("b")];
      for (const pod of [a, b]) node.add(pod);
      for (const pod of [a, b])
        mustInNamespace(pod.namespace, ["ping", "-c", "20", "-i", "0.01", addresses.remote]);
      const child = background(node, "status", "--json", "--interval", "2s");
      await Bun.sleep(1000);
      for (const id of ["fa01:10", "fa01:11"])
        node.run("tc", "class", "del", "dev", "uplink", "classid", id);
      const htb = ["htb", "rate", "8kbit", "ceil", "800mbit"];
      node.run(
        "tc",
        "class",
        "add",
        "dev",
        "uplink",
        "parent",
        "fa01:1",
        "classid",
        "fa01:10",
        ...htb,
      );
      const status = statusFrom(await new Response(child.stdout).text());
      expect(await child.exited).toBe(3);
      expect(podOf(status, "a").egress.measured).toEqual({ known: false, why: "replaced" });
      expect(podOf(status, "b").egress).toMatchObject({
        kernel: null,
        measured: { known: false, why: "vanished" },
      });
      expect(podOf(status, "b").ingress.measured).toMatchObject({ known: true, rateBits: 0 });
      expect(node.fairway("status", "--wide", "--interval", "0.2").stdout).toMatch(
        /MISSING +not in the kernel/,
      );
    }),
  limit,
);

test("without an interval: the counters of this moment, at once", () =>
  withNode((node) => {
    const pod = node.pod("a");
    node.add(pod);
    mustInNamespace(pod.namespace, ["ping", "-c", "3", "-i", "0.01", addresses.remote]);
    for (const args of [["--no-measure"], ["--interval", "0"]]) {
      const status = statusOf(node, ...args);
      expect(status).toMatchObject({ intervalSeconds: null, trees: [{ measured: null }, {}] });
      expect(podOf(status, "a").egress).toMatchObject({ measured: null, kernel: { packets: 3 } });
      expect(node.fairway("status", "--wide", ...args).stdout).toMatch(
        /SENT +DROPPED +QUEUED\n.* 294 B +0 +0 B\n/,
      );
    }
  }));

test("on a node without a network there is nothing to wait for", () =>
  withNode((node) => {
    const fromMs = performance.now();
    expect(node.fairway("status", "--interval", "20s")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("no network yet"),
    });
    expect(performance.now() - fromMs).toBeLessThan(10_000);
  }));

test.each([
  ["an interval that is too short", ["status", "--interval", "5ms"]],
  ["an interval that is none", ["top", "--interval", "soon"]],
  ["a count of nothing", ["top", "--count", "0"]],
  ["an unknown option", ["status", "--wacth"]],
])("%s is a matter of usage", (_, args) => {
  expect(run([binary, ...args])).toMatchObject({ code: 2, stdout: "" });
});

test("watching: so many blocks, plain or a line of JSON each", () =>
  withNode((node) => {
    node.add(node.pod("a"));
    const fast = ["--interval", "100ms", "--count", "3"];
    const plain = node.fairway("status", "--watch", ...fast);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(plain.stdout).not.toContain("\u001b");
    expect(plain.stdout.split(/^VERDICT /m)).toHaveLength(4);
    const lines = node
      .fairway("top", "--json", ...fast)
      .stdout.trim()
      .split("\n");
    expect(lines.map((line) => statusFrom(line).intervalSeconds)).toEqual([0.1, 0.1, 0.1]);
  }));

test(
  "on a terminal it is redrawn in place, and Ctrl-C ends it cleanly",
  () =>
    withNode(async (node) => {
      node.add(node.pod("a"));
      let text = "";
      let pressed = false;
      const givenBack = Promise.withResolvers<void>();
      const argv = [binary, "top", "--interval", "100ms", "--data-dir", node.dataDir];
      const child = Bun.spawn(insideNamespace(node.lab.node, argv), {
        env: { ...minimalEnvironment(), TERM: "xterm" },
        terminal: {
          cols: 60,
          rows: 10,
          data(terminal, data) {
            text += new TextDecoder().decode(data);
            // Three times drawn; then what an impatient person's Ctrl-C is to the terminal.
            if (!pressed && text.split("\u001b[H").length === 4) {
              pressed = true;
              terminal.write("\u0003\u0003");
            }
            if (text.includes("\u001b[?1049l")) givenBack.resolve();
          },
        },
      });
      expect(await child.exited).toBe(0);
      await givenBack.promise;
      const screen = text.slice(0, text.indexOf("\u001b[?1049l"));
      expect(screen).toStartWith("\u001b[?1049h\u001b[?25l\u001b[H");
      expect(screen).toContain("fairway top");
      // What stands between the controls, in as many columns as there are.
      const pieces = screen.split("\r\n").flatMap((line) => line.split("\u001b["));
      const widths = pieces.map((piece) => piece.replace(/^([HKJ]|\?\d+[hl])/, "").length);
      expect(Math.max(...widths)).toBe(60);
      expect(text).toContain("\u001b[?25h\u001b[?1049l");
      expect(child.signalCode).toBeNull();
    }),
  limit,
);

/** Runs `top` on a terminal; `react` gets all that was written so far. Returns the exit code and the text. */
async function topOn(
  node: TestNode,
  cols: number,
  env: Record<string, string>,
  react: (text: string, terminal: Bun.Terminal) => void,
): Promise<{ code: number; text: string }> {
  let text = "";
  const givenBack = Promise.withResolvers<void>();
  const argv = [binary, "top", "--interval", "100ms", "--data-dir", node.dataDir];
  const child = Bun.spawn(insideNamespace(node.lab.node, argv), {
    env: { ...minimalEnvironment(), TERM: "xterm", ...env },
    terminal: {
      cols,
      rows: 24,
      data(terminal, data) {
        text += new TextDecoder().decode(data);
        react(text, terminal);
        if (text.includes("\u001b[?1049l")) givenBack.resolve();
      },
    },
  });
  const code = await child.exited;
  await givenBack.promise;
  return { code, text };
}

/** The lines of the screens, without the sequences that put them in place. */
const screenLines = (text: string): string[] =>
  Bun.stripANSI(text.slice(0, text.indexOf("\u001b[?1049l"))).split("\r\n");

test.each([
  [20, {}, true],
  [80, {}, true],
  [120, {}, true],
  [80, { NO_COLOR: "1" }, false],
])(
  "top on %d columns with %p: nothing is wider, q ends it",
  (columns, env, coloured) =>
    withNode(async (node) => {
      node.add(node.pod("a"), { annotations: { "fairway.dev/egress-guarantee": "100M" } });
      let quit = false;
      const { code, text } = await topOn(node, columns, env, (all, terminal) => {
        if (quit || !all.includes("/ 100")) return;
        quit = true;
        terminal.write("q");
      });
      expect(code).toBe(0);
      expect(text.includes("\u001b[32m")).toBe(coloured);
      expect(Math.max(...screenLines(text).map((line) => Bun.stringWidth(line)))).toBeLessThan(
        columns + 1,
      );
    }),
  limit,
);

test(
  "top follows the terminal's size, and keys change the order and the view",
  () =>
    withNode(async (node) => {
      node.add(node.pod("a"), { annotations: { "fairway.dev/egress-guarantee": "100M" } });
      const does: [string, (terminal: Bun.Terminal) => void][] = [
        ["sort: trouble", (terminal) => void terminal.write("s")],
        ["sort: name", (terminal) => void terminal.write("w")],
        ["HOST CLASS", (terminal) => terminal.resize(30, 24)],
        [
          "fairway top  \\d\\d:\\d\\d:\\d\\d  sort: n\u001b",
          (terminal) => void terminal.write("q"),
        ],
      ];
      const { code } = await topOn(node, 200, {}, (all, terminal) => {
        const [next] = does;
        if (next === undefined || !new RegExp(next[0]).test(all)) return;
        does.shift();
        next[1](terminal);
      });
      expect({ code, left: does.length }).toEqual({ code: 0, left: 0 });
    }),
  limit,
);

test("a reader that wants nothing of it does no harm", () =>
  withNode((node) => {
    node.add(node.pod("a"));
    const argv = `( ${binary} status --no-measure --data-dir ${node.dataDir}; echo $? >&2 ) | true`;
    const { code, stderr } = inNamespace(node.lab.node, ["sh", "-c", argv]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "0\n" });
  }));

test("--pod and --namespace choose; a pod that is not there is an error", () =>
  withNode((node) => {
    node.add(node.pod("a"), { args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart" });
    node.add(node.pod("b"), { args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=lab;K8S_POD_NAME=cart" });
    const named = (...args: string[]) =>
      statusOf(node, "--no-measure", ...args).pods.map(({ pod }) => pod);
    expect(named("--pod", "cart")).toEqual(["shop/cart", "lab/cart"]);
    expect(named("--pod", "lab/cart")).toEqual(["lab/cart"]);
    expect(named("--namespace", "shop")).toEqual(["shop/cart"]);
    expect(node.fairway("status", "--no-measure", "--pod", "web")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('--pod "web": this node has no such pod'),
    });
  }));

test(
  "a reader that goes away ends it",
  () =>
    withNode(async (node) => {
      node.add(node.pod("a"));
      const argv = `${binary} top --interval 100ms --data-dir ${node.dataDir} | head -n 1`;
      const fromMs = performance.now();
      const shown = mustInNamespace(node.lab.node, ["sh", "-c", argv]);
      expect(shown).toStartWith("No pod shown here has a guarantee.");
      expect(performance.now() - fromMs).toBeLessThan(10_000);
    }),
  limit,
);
