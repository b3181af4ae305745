/** Processes in a namespace, beside others, that may be killed at a moment that was asked for. */
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";

type Json = Record<string, unknown>;

export interface Asked {
  argv: readonly string[];
  stdin?: string;
  env?: Record<string, string>;
  /** SIGKILL so long after its start. */
  killAfterMs?: number;
}

export interface Gone {
  /** null: by a signal, or never within the limit. */
  code: number | null;
  stdout: string;
  stderr: string;
  json: Json;
  tookMs: number;
  /** It did not end by itself for longer than anything waits. */
  hung: boolean;
}

/** A launcher may wait for an agent for 65 s, and a process of the verb's own for 40 s: a runtime waits longer. */
const hungMs = 110_000;

export const runIn = (namespace: string, asked: Asked): Promise<Gone> =>
  runToItsEnd({ ...asked, argv: insideNamespace(namespace, asked.argv) });

export async function runToItsEnd(asked: Asked): Promise<Gone> {
  const startedMs = performance.now();
  const child = Bun.spawn([...asked.argv], {
    stdin: new TextEncoder().encode(asked.stdin ?? ""),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "", LC_ALL: "C", ...asked.env },
  });
  let hung = false;
  const limit = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, hungMs);
  const kill =
    asked.killAfterMs === undefined
      ? undefined
      : setTimeout(() => child.kill("SIGKILL"), asked.killAfterMs);
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(limit);
  clearTimeout(kill);
  let json: Json = {};
  try {
    json = JSON.parse(stdout) as Json;
  } catch {
    // Nothing, or a part of it.
  }
  const { exitCode, signalCode } = child;
  return {
    code: signalCode === null ? exitCode : null,
    ...{ stdout, stderr, json, hung },
    tookMs: performance.now() - startedMs,
  };
}
