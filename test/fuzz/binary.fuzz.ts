/** The same inputs over the built binary, on a node of its own: scripts/fuzz. FAIRWAY_FUZZ_RUNS says how many. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { inNamespace, insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type Pod, type TestNode, withNode } from "../support/node.ts";
import { bent, bentEnvironment, fullConfig } from "./arbitraries.ts";
import { stackPattern } from "./holds.ts";

type Json = Record<string, unknown>;

const runs = Number(process.env.FAIRWAY_FUZZ_RUNS ?? 2_000);

/** Verbs that clean up read past what is wrong in a configuration, and would take the default folder. */
const lenient: (string | undefined)[] = ["DEL", "GC"];

/** What may be bent, and must not leave the test's folder: root can write everywhere. */
function kept(raw: Json, node: TestNode, command: string | undefined): Json {
  const isPath = (value: unknown): boolean => typeof value === "string" && value.startsWith("/");
  const config = { ...raw };
  const isForUs = config.dataDir === undefined || isPath(config.dataDir);
  if (isForUs || lenient.includes(command)) config.dataDir = node.dataDir;
  if (isPath(config.logFile)) delete config.logFile;
  return config;
}

/** What an environment can hold: no NUL, and no half of a pair of surrogates. */
const passable = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

/** Of a request that was refused nothing may be left. */
function stateOf(node: TestNode, pod: Pod): string {
  const file = join(node.dataDir, "ledger.db");
  const db = existsSync(file) ? new Database(file, { readonly: true }) : null;
  const rows = db?.query("SELECT * FROM attachments ORDER BY id").all() ?? [];
  db?.close();
  return JSON.stringify(rows) + dumpNode(node.lab.node) + dumpPod(pod.namespace);
}

test(
  `${runs} inputs: an answer, or a refusal that leaves nothing`,
  () =>
    withNode(async (node) => {
      const pod = node.pod("a");
      const config = fullConfig(node.dataDir);
      // The base is there from now on, and belongs to all pods.
      const first = node.pod("first");
      node.add(first, { config });
      let before = stateOf(node, pod);
      const counts = { answered: 0, refused: 0 };
      const input = fc
        .tuple(bentEnvironment, bent(config), fc.boolean(), fc.nat())
        .filter(([env]) => Object.values(env).every(passable));
      const call = (env: Record<string, string>, stdin: string) => {
        const argv = ["env", ...Object.entries(env).map(([k, v]) => `${k}=${v}`), binary];
        const [program = "", ...rest] = insideNamespace(node.lab.node, argv);
        return Bun.spawnSync([program, ...rest], {
          stdin: Buffer.from(stdin),
          timeout: 60_000,
          killSignal: "SIGKILL",
        });
      };
      await fc.assert(
        fc.property(input, ([given, raw, cut, place]) => {
          // GC of the network would rightly take the first pod.
          const name = given.CNI_COMMAND === "GC" ? { name: "others" } : {};
          const whole = JSON.stringify({ ...kept(raw, node, given.CNI_COMMAND), ...name });
          const stdin = cut ? whole.slice(0, place % whole.length) : whole;
          const env: Record<string, string> = {
            ...given,
            ...(given.CNI_NETNS === "/run/netns/a" && { CNI_NETNS: pod.netns }),
          };
          const done = call(env, stdin);
          const [stdout, stderr] = [done.stdout.toString(), done.stderr.toString()];
          expect(done.exitedDueToTimeout ?? false).toBe(false);
          expect([0, 1]).toContain(done.exitCode);
          expect(stdout + stderr).not.toMatch(stackPattern);
          if (done.exitCode === 1) {
            counts.refused += 1;
            const told = JSON.parse(stdout) as { code: number; msg: string };
            expect(told).toMatchObject({ code: expect.any(Number), msg: expect.any(String) });
            expect(told.code).not.toBe(999);
            expect(told.msg).not.toBe("");
            expect(stdout).not.toContain("not found");
            expect(stateOf(node, pod)).toBe(before);
            return;
          }
          counts.answered += 1;
          if (env.CNI_COMMAND !== "ADD") return;
          const freed = call({ ...env, CNI_COMMAND: "DEL" }, stdin);
          expect(freed.exitCode).toBe(0);
          inNamespace(node.lab.node, [binary, "repair", "--data-dir", node.dataDir]);
          before = stateOf(node, pod);
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(counts.answered).toBeGreaterThan(runs / 20);
      expect(counts.refused).toBeGreaterThan(runs / 5);
      console.log(`${counts.answered} answered, ${counts.refused} refused`);
    }),
  7_200_000,
);
