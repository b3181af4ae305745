/** Fairway where an agent runs: what is called is the launcher, and the executable lies beside it. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inNetns } from "../../src/kernel/netns.ts";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import type { Json } from "./plugin.ts";
import { networkName, type SideAgent, type SideSpec } from "./side.ts";
import { type FairwayOptions, fairwaySide, ledgerOf, sideNames } from "./sides.ts";

const readyWithinMs = 10_000;

/** What the runtime of such a node would read. Returns its folder. */
function writeConflist(plugin: Json, folder: string): string {
  const confDir = join(folder, "net.d");
  mkdirSync(confDir, { recursive: true });
  const { runtimeConfig: _, ...own } = plugin;
  const conflist = { cniVersion: "1.0.0", name: networkName, plugins: [own] };
  writeFileSync(join(confDir, "10-fairway.conflist"), JSON.stringify(conflist));
  return confDir;
}

const socketOf = (folder: string): string => join(folder, "agent/agent.sock");

/** A launcher in a folder of its own, which asks the agent of `socketOf`. */
function install(launcher: string, binary: string, folder: string): void {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(launcher, join(bin, "fairway"));
  linkSync(binary, join(bin, "fairway-full"));
  writeFileSync(join(bin, "agent.socket-path"), `${socketOf(folder)}\n`);
}

class Agent implements SideAgent {
  readonly #argv: string[];
  readonly #node: string;
  readonly socket: string;
  readonly #log: string;
  #child: ReturnType<typeof Bun.spawn> | null = null;

  constructor(binary: string, node: string, folder: string, confDir: string) {
    this.socket = socketOf(folder);
    const places = ["--data-dir", ledgerOf(folder), "--conf-dir", confDir];
    this.#argv = [binary, "agent", "--socket", this.socket, ...places];
    this.#node = node;
    this.#log = join(folder, "agent.log");
  }

  get pid(): number {
    if (this.#child === null) throw new Error("the agent does not run");
    return this.#child.pid;
  }

  log(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, "utf8") : "";
  }

  /** In the node's namespace. It is ready when this returns, and has made what all pods share. */
  start(): void {
    const log = openSync(this.#log, "a", 0o600);
    try {
      this.#child = inNetns(namespacePath(this.#node), () =>
        Bun.spawn(this.#argv, {
          env: minimalEnvironment(),
          stdin: "ignore",
          stdout: "ignore",
          stderr: log,
        }),
      );
    } finally {
      closeSync(log);
    }
    const untilMs = performance.now() + readyWithinMs;
    while (!this.#isReady()) {
      if (performance.now() > untilMs) {
        this.kill();
        const seconds = readyWithinMs / 1000;
        throw new Error(
          `no agent is ready on ${this.socket} after ${seconds} s; it says: ${this.log()}`,
        );
      }
      Bun.sleepSync(20);
    }
  }

  #isReady(): boolean {
    const url = ["-sf", "--unix-socket", this.socket, "http://agent/readyz"];
    return existsSync(this.socket) && Bun.spawnSync(["curl", ...url]).exitCode === 0;
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }
}

/** As `fairwaySide`, asked through a launcher that asks `agent`. */
function launcherSide(
  launcher: string,
  binary: string,
  options: FairwayOptions,
  begin: (node: string, folder: string) => SideAgent | null,
): SideSpec {
  const own = fairwaySide(binary, options);
  return {
    ...own,
    plugins: (folder) =>
      own.plugins(folder).map((plugin) => ({ ...plugin, file: join(folder, "bin/fairway") })),
    begin: (node, folder) => {
      install(launcher, binary, folder);
      return begin(node, folder);
    },
  };
}

/** The launcher finds nobody, and executes the whole executable. */
export function launcherAloneSide(
  launcher: string,
  binary: string,
  options: FairwayOptions,
): SideSpec {
  const name = options.masquerade === true ? sideNames.launcherMasquerade : sideNames.launcher;
  return launcherSide(launcher, binary, { ...options, name }, () => null);
}

/** With an agent that answers. */
export function agentSide(launcher: string, binary: string, options: FairwayOptions): SideSpec {
  const name = options.masquerade === true ? sideNames.agentMasquerade : sideNames.agent;
  return launcherSide(launcher, binary, { ...options, name }, (node, folder) => {
    const [plugin] = fairwaySide(binary, options).plugins(folder);
    const confDir = writeConflist(plugin?.config ?? {}, folder);
    const agent = new Agent(binary, node, folder, confDir);
    agent.start();
    return agent;
  });
}
