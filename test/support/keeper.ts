/** Keeps a test's node true, in a process of its own (keep-true-main.ts). */
import { join } from "node:path";
import type { Told } from "../../src/agent/events.ts";
import type { KeepTrueOptions } from "../../src/agent/keep-true.ts";
import { repository } from "./binary.ts";
import type { TestNode } from "./node.ts";
import { until } from "./until.ts";

export interface Keeper {
  pid: number;
  /** What it has told so far. */
  told: Told[];
  /** Ends it. Throws where it did not end as it was asked to. */
  [Symbol.asyncDispose](): Promise<void>;
}

type Options = Partial<Omit<KeepTrueOptions, "tell" | "signal" | "isBusy" | "dataDir" | "ledger">>;

type Said = Told | { event: "begun" } | { event: "ended" };

/** It works in the node's namespace, or in another one. */
export async function keeperOf(
  node: TestNode,
  options: Options = {},
  namespace = node.lab.node,
): Promise<Keeper> {
  const asked = JSON.stringify({ dataDir: node.dataDir, repair: "repair", ...options });
  const main = join(repository, "test/support/keep-true-main.ts");
  const child = Bun.spawn(["ip", "netns", "exec", namespace, process.execPath, main, asked], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, LC_ALL: "C" },
  });
  const said: Said[] = [];
  const told: Told[] = [];
  const read = async (): Promise<void> => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const each = JSON.parse(line) as Said;
        said.push(each);
        if (each.event !== "begun" && each.event !== "ended") told.push(each);
      }
    }
  };
  const [reading, errors] = [read(), new Response(child.stderr).text()];
  await until("the keeper begins", () => said.length > 0);
  return {
    pid: child.pid,
    told,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      const code = await child.exited;
      await reading;
      const stderr = await errors;
      if (code !== 0 || stderr !== "" || said.at(-1)?.event !== "ended")
        throw new Error(`the keeper ended with ${code}: ${stderr}${JSON.stringify(said.at(-1))}`);
    },
  };
}
