/** A node on which one scenario is played again and again, and all that can be seen of it. */

import { Database } from "bun:sqlite";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { insideNamespace } from "../../../src/prove/lab/namespaces.ts";
import { run as runCommand } from "../../../src/prove/lab/run.ts";
import { repository } from "../../support/binary.ts";
import { dumpNode, dumpPod } from "../../support/dump.ts";
import { type LauncherPlace, placeLauncher, Supervised } from "../../support/launched.ts";
import {
  type AddOptions,
  type Ended,
  type Pod,
  requestOf,
  type TestNode,
  verbEnvironment,
  withNode,
} from "../../support/node.ts";
import { until } from "../../support/until.ts";
import { dumpFiles } from "../../support/whole.ts";

type Json = Record<string, unknown>;

export const faultyBinary = join(repository, "dist/test-tools/fairway-faults");

/** Which effect fails, and how; nothing: none. */
export type FaultEnv = Record<string, string>;

/** What became of a fault that an agent was told of. */
interface Struck {
  /** Whether it struck: an agent leaves a verb to others where the machine was too slow for it. */
  isStruck: boolean;
  /** Why full executables ran in launchers' places. */
  reasons: string[];
}

export interface World {
  node: TestNode;
  root: string;
  dataDir: string;
  config: Json;
  /** Made at the first call. */
  pod(name: string): Pod;
  verb(verb: string, pod: Pod, options?: AddOptions, fault?: FaultEnv): Ended;
  /** The executable under another name, with a whole configuration. */
  plugin(executable: string, verb: string, config: Json, pod: Pod, fault?: FaultEnv): Ended;
  fairway(args: string[], fault?: FaultEnv, executable?: string): Ended;
  /** Throws unless it succeeds. */
  must(ended: Ended): Ended;
  /** All of it as text. */
  state(): string;
  /** Of a world whose verbs go through launcher and agent: until the agent serves. */
  ready(): Promise<void>;
  /** The same, of an agent that was started anew: one that had a tool hang leaves verbs to others for a while. */
  renew(): Promise<void>;
  /** The same: what became of the fault that was asked for last. null where there is no agent. */
  struck(): Struck | null;
}

export function mustEnd(ended: Ended): Ended {
  if (ended.code === 0) return ended;
  throw new Error(`ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
}

/** What of the ledger says who has what; not what is only remembered (what was there before us, where to go on). */
export function ledgerRows(dataDir: string): string {
  const file = join(dataDir, "ledger.db");
  if (!existsSync(file)) return "";
  const db = new Database(file, { readonly: true });
  try {
    // An agent may be about to make the file what a ledger is.
    db.run("PRAGMA busy_timeout = 5000");
    const rows = (sql: string): string[] =>
      db
        .query<Json, []>(sql)
        .all()
        .map((row) => JSON.stringify(row));
    if (rows("SELECT name FROM sqlite_schema WHERE name = 'attachments'").length === 0) return "";
    return [
      ...rows(
        "SELECT network, container_id, ifname, host_veth, phase, class_minor, promise, asks FROM attachments ORDER BY 1, 2",
      ),
      ...rows("SELECT address, prefix_length, gateway FROM leases ORDER BY 1"),
      ...rows("SELECT network, address, container_id, ifname FROM reservations ORDER BY 1, 2"),
      ...rows("SELECT network, address, pod_name FROM holds ORDER BY 1, 2"),
      ...rows("SELECT key, value FROM facts WHERE key = 'set-capacity'"),
    ].join("\n");
  } finally {
    db.close();
  }
}

/** Files by name and mode; what changes in the ledger's by itself is not looked at. */
function files(root: string): string {
  return dumpFiles(root)
    .split("\n")
    .filter(
      (line) =>
        !/ledger\.db-(wal|shm)|at-work\.lock|nft-generations|fell-back|\/log\b|\/points\b/.test(
          line,
        ),
    )
    .map((line) => (line.includes("ledger.db") ? line.replace(/ \w+$/, "") : line))
    .join("\n");
}

/** What a verb's launcher is told, and its agent. */
class Launched implements AsyncDisposable {
  readonly place: LauncherPlace;
  readonly #agent: Supervised;
  readonly #next: string;

  constructor(place: LauncherPlace, dataDir: string) {
    this.place = place;
    this.#next = join(this.place.folder, "next");
    this.#agent = new Supervised({
      executable: () => faultyBinary,
      ...{ place, dataDir },
      env: { FAIRWAY_FAULT_NEXT: this.#next },
      // What it repairs by itself would come between a verb's fault and a look at what it left.
      options: ["--repair", "observe"],
    });
  }

  static async on(node: TestNode, dataDir: string): Promise<Launched> {
    const options = { full: faultyBinary, build: "patient" } as const;
    const launched = new Launched(await placeLauncher(node.lab.node, options), dataDir);
    await launched.#agent.start();
    return launched;
  }

  ready(): Promise<void> {
    return this.#agent.serving();
  }

  async renew(): Promise<void> {
    const { started } = this.#agent.counts;
    this.#agent.kill("SIGKILL");
    await until("the agent is started anew", () => this.#agent.counts.started > started);
    await this.ready();
  }

  /** An agent that is told of a fault has none but this one. */
  tell(fault: FaultEnv): void {
    for (const file of [this.#next, `${this.#next}.struck`]) rmSync(file, { force: true });
    this.place.fellBack();
    if (Object.keys(fault).length > 0) writeFileSync(this.#next, JSON.stringify(fault));
  }

  struck(): Struck {
    return {
      isStruck: existsSync(`${this.#next}.struck`),
      reasons: this.place.fellBack().map(({ reason }) => reason),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent[Symbol.asyncDispose]();
    this.place[Symbol.dispose]();
  }
}

export async function withWorld(
  config: (root: string) => Json,
  use: (world: World) => void | Promise<void>,
  { isLaunched = false } = {},
): Promise<void> {
  await withNode(async (node) => {
    const dataDir = join(node.dataDir, "data");
    await using launched = isLaunched ? await Launched.on(node, dataDir) : null;
    await use(worldOn(node, dataDir, config, launched));
  });
}

function worldOn(
  node: TestNode,
  dataDir: string,
  config: (root: string) => Json,
  launched: Launched | null,
): World {
  const pods = new Map<string, Pod>();
  const all = { ...node.config, dataDir, ...config(node.dataDir) };
  const inside = launched?.place.enter ?? ((argv) => insideNamespace(node.lab.node, argv));
  const run = (argv: string[], stdin: string, env: Record<string, string>): Ended => {
    const done = runCommand(inside(argv), { stdin, env });
    let json: Json = {};
    try {
      json = JSON.parse(done.stdout) as Json;
    } catch {
      // A command's words, or nothing.
    }
    return { ...done, json };
  };
  const asked = (
    { alone, through }: { alone: string; through: string | undefined },
    stdin: string,
    env: Record<string, string>,
    fault: FaultEnv,
  ): Ended => {
    if (through === undefined) return run([alone], stdin, { ...env, ...fault });
    launched?.tell(fault);
    return run([through], stdin, env);
  };
  return {
    node,
    root: node.dataDir,
    dataDir,
    config: all,
    pod: (name) => {
      const known = pods.get(name) ?? node.pod(name);
      pods.set(name, known);
      return known;
    },
    verb: (verb, pod, options = {}, fault = {}) =>
      asked(
        { alone: faultyBinary, through: launched?.place.launcher },
        requestOf(all, options),
        verbEnvironment(verb, pod, options),
        fault,
      ),
    plugin: (executable, verb, own, pod, fault = {}) =>
      asked(
        { alone: executable, through: launched?.place.ipam },
        JSON.stringify(own),
        verbEnvironment(verb, pod, {}),
        fault,
      ),
    fairway: (args, fault = {}, executable = faultyBinary) => run([executable, ...args], "", fault),
    must: mustEnd,
    state: () =>
      [
        dumpNode(node.lab.node),
        ...[...pods.values()].map(({ namespace }) => dumpPod(namespace)),
        ledgerRows(dataDir),
        ledgerRows(join(node.dataDir, "addresses")),
        files(node.dataDir),
      ].join("\n=====\n"),
    ready: async () => launched?.ready(),
    renew: async () => launched?.renew(),
    struck: () => launched?.struck() ?? null,
  };
}
