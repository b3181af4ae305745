import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { minimalEnvironment } from "../../src/ops/child.ts";
import type { ProveResult } from "../../src/prove/engine/result.ts";
import { listNamespaces } from "../../src/prove/lab/namespaces.ts";

const root = process.getuid?.() === 0;
const bin = `${import.meta.dir}/../../bin`;
const folder = mkdtempSync("/tmp/fairway-provetest-");

/** `fairway-prove` itself, or `fairway prove`, which starts it. */
const programs = {
  "fairway-prove": [`${bin}/prove.ts`],
  "fairway prove": [`${bin}/fairway.ts`, "prove"],
} as const;

function start(program: keyof typeof programs, ...options: string[]) {
  return Bun.spawn([process.execPath, ...programs[program], ...options], {
    env: { ...minimalEnvironment(), TMPDIR: folder },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

const namespacesOf = (pid: number): string[] =>
  listNamespaces().filter((name) => name.startsWith(`fwp-${pid}-`));

/** The fourth field of /proc/PID/stat is the parent (proc_pid_stat(5)); a name may hold anything, its bracket ends it. */
function childrenOf(parent: number): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/stat`)) return false;
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(parent);
  });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!root)("fairway prove", () => {
  test.each([
    ["SIGINT", "fairway-prove", 130],
    ["SIGTERM", "fairway-prove", 143],
    ["SIGTERM", "fairway prove", 143],
  ] as const)(
    "%s to %s in the middle: everything it made is gone",
    async (signal, program, code) => {
      const child = start(program);
      // Its first measurement: all namespaces stand, generators run.
      const reader = child.stderr.getReader();
      for (let said = ""; !said.includes("neighbour: idle"); ) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`it ended early: ${said}`);
        said += new TextDecoder().decode(value);
      }
      await Bun.sleep(1_000);
      const prover =
        program === "fairway-prove" ? child.pid : Number(childrenOf(child.pid)[0] ?? Number.NaN);
      expect(namespacesOf(prover)).toHaveLength(5);
      const generators = childrenOf(prover);
      expect(generators.length).toBeGreaterThanOrEqual(2);
      child.kill(signal);
      expect(await child.exited).toBe(code);
      expect(namespacesOf(prover)).toEqual([]);
      expect(generators.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
    30_000,
  );

  /** Until it has said so, or for a time. Then it is ended, and has ended. */
  async function onTerminal(env: Record<string, string>, says: RegExp): Promise<string> {
    let said = "";
    const { promise, resolve } = Promise.withResolvers<void>();
    await using terminal = new Bun.Terminal({
      cols: 160,
      rows: 24,
      data(_, bytes) {
        said += new TextDecoder().decode(bytes);
        if (says.test(said)) resolve();
      },
    });
    const child = Bun.spawn([process.execPath, ...programs["fairway prove"]], {
      env: { ...minimalEnvironment(), TMPDIR: folder, TERM: "xterm", ...env },
      terminal,
    });
    await Promise.race([promise, child.exited, Bun.sleep(60_000)]);
    child.kill("SIGTERM");
    await child.exited;
    return said;
  }

  test("on a terminal one line is rewritten, with the promised pod's figures so far", async () => {
    const figures = /neighbour: egress, requests · steady p99 [\d.]+ [um]s/;
    const said = await onTerminal({}, figures);
    expect(said).toMatch(figures);
    // Each is written over the one before.
    expect(said.split("\r\u001b[K").length).toBeGreaterThan(10);
    expect(said.trimEnd()).not.toContain("\n");
    expect(readdirSync(folder)).toEqual([]);
  }, 90_000);

  test("on a terminal with NO_COLOR there is a line for each step, and no figures", async () => {
    const said = await onTerminal({ NO_COLOR: "1" }, /neighbour: idle [^\n]*\n/);
    expect(said).toMatch(/neighbour: idle \(about \d+ s left\)\r?\n/);
    expect(said).not.toContain("\u001b[K");
  }, 90_000);

  test("a whole run keeps the promises, and its exit code says so", async () => {
    const report = join(mkdtempSync("/tmp/fairway-provetest-"), "report.html");
    const child = start(
      "fairway-prove",
      "--wire",
      "200M",
      "--duration",
      "2",
      "--json",
      "--html",
      report,
    );
    const result = JSON.parse(await new Response(child.stdout).text()) as ProveResult;
    expect(await child.exited).toBe(result.verdict === "passed" ? 0 : 1);
    const [found] = result.scenarios;
    if (found === undefined) throw new Error("it measured nothing");
    expect(found.checks).toHaveLength(6);
    // How long an answer takes is for the demo to judge, on a machine that does nothing else; and one
    // that is busy limits a run. What else was promised has to be kept here too.
    const shares = found.checks.filter(({ what }) =>
      / of (its guarantee|the capacity)$/.test(what),
    );
    expect(shares).toHaveLength(4);
    if (result.verdict !== "inconclusive")
      for (const { measured } of shares) expect(measured).toBeGreaterThan(0.9);
    for (const direction of ["egress", "ingress"]) {
      const phase = found.modes.fairway?.find(({ name }) => name === direction);
      expect(phase?.loads.map(({ series }) => series.length)).toEqual([20, 20]);
    }
    expect(readFileSync(report, "utf8")).toContain(`<span class="badge">${result.verdict}</span>`);
    rmSync(join(report, ".."), { recursive: true });
    expect(namespacesOf(child.pid)).toEqual([]);
  }, 120_000);
});
