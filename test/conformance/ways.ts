/** The ways to the plugin: a process of the verb's own, or the launcher with an agent in the node. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary, repository } from "../support/binary.ts";
import { launcher, placeLauncher } from "../support/placed-launcher.ts";
import { until } from "../support/until.ts";

export const ways = ["one-shot", "agent"] as const;
export type Way = (typeof ways)[number];

/**
 * "patient": the launcher waits for the agent for as long as that takes, one row runs at a time, and why the
 * agent declines is asked of it. On a machine with other work the launcher that is shipped goes on without it.
 */
export type Manner = "usual" | "patient";

const tools = join(repository, "dist/test-tools");
const recorder = join(tools, "launcher-recorder");
const launchers: Record<Manner, string> = {
  usual: launcher,
  patient: join(tools, "launcher-patient-x64"),
};

/** By the name that it has in the folder. */
export function placePlugin(folder: string, way: Way, manner: Manner): void {
  mkdirSync(folder, { mode: 0o700 });
  if (way === "one-shot") {
    for (const name of ["fairway", "fairway-ipam"]) symlinkSync(binary, join(folder, name));
    return;
  }
  if (!existsSync(recorder))
    throw new Error(`${recorder} is not built: run scripts/build-launcher tests`);
  placeLauncher(folder, {
    full: "fairway-real",
    socket: socketIn(folder),
    file: launchers[manner],
  });
  rmSync(join(folder, "fairway-full"));
  copyFileSync(recorder, join(folder, "fairway-full"));
  symlinkSync(binary, join(folder, "fairway-real"));
  mkdirSync(join(folder, "fell-back"));
}

const socketIn = (folder: string): string => join(folder, "socket/agent.sock");

/** Why the launcher left this call to a process; null: it did not. Each call is asked about once. */
export function fellBack(folder: string, call: string): string | null {
  const file = join(folder, "fell-back", call);
  if (!existsSync(file)) return null;
  const why = readFileSync(file, "utf8");
  rmSync(file);
  return why;
}

/**
 * An agent in the node's namespace. It only tells what rows change of the node: what it put back would be
 * right again before CHECK looks.
 */
export class NodeAgent {
  readonly #child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #reading: Promise<void>;
  readonly #socket: string;
  #log = "";

  private constructor(folder: string, namespace: string, dataDir: string) {
    this.#socket = socketIn(folder);
    const options = ["--socket", this.#socket, "--data-dir", dataDir, "--repair", "observe"];
    const argv = insideNamespace(namespace, [binary, "agent", ...options]);
    const child = Bun.spawn(argv, {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      env: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
    });
    this.#child = child;
    this.#reading = (async () => {
      for await (const chunk of child.stderr) this.#log += Buffer.from(chunk).toString();
    })();
  }

  static async start(folder: string, namespace: string, dataDir: string): Promise<NodeAgent> {
    const agent = new NodeAgent(folder, namespace, dataDir);
    try {
      await until("the agent serves", () => {
        if (agent.#child.exitCode !== null) throw new Error(`the agent ended: ${agent.#log}`);
        return agent.#log.includes("serving verbs");
      });
      return agent;
    } catch (error) {
      await agent.end();
      throw error;
    }
  }

  /** null while it lives. */
  get ended(): string | null {
    return this.#child.exitCode === null && this.#child.signalCode === null ? null : this.#log;
  }

  /** Why it left the last verb to others that it did not take. */
  async lastDeclined(): Promise<string> {
    const page = await fetch("http://agent/version", { unix: this.#socket });
    const { verbs } = (await page.json()) as { verbs: { lastDeclined: string | null } };
    return verbs.lastDeclined ?? "nothing was declined";
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    await this.#reading;
  }
}
