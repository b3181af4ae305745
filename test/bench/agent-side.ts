/** Fairway where an agent runs: what is called is the launcher, and the executable lies beside it. */
import { copyFileSync, existsSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNetns } from "../../src/kernel/netns.ts";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import type { Json } from "./plugin.ts";
import { networkName, type SideSpec } from "./side.ts";
import { type FairwayOptions, fairwaySide, ledgerOf, sideNames } from "./sides.ts";

const readyWithinMs = 10_000;

/** A launcher in a folder of its own. Returns the path of the agent's socket that it asks. */
function install(launcher: string, binary: string, folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(launcher, join(bin, "fairway"));
  linkSync(binary, join(bin, "fairway-full"));
  const socket = join(folder, "agent/agent.sock");
  writeFileSync(join(bin, "agent.socket-path"), `${socket}\n`);
  return socket;
}

/** What the runtime of such a node would read. Returns its folder. */
function writeConflist(plugin: Json, folder: string): string {
  const confDir = join(folder, "net.d");
  mkdirSync(confDir, { recursive: true });
  const { runtimeConfig: _, ...own } = plugin;
  const conflist = { cniVersion: "1.0.0", name: networkName, plugins: [own] };
  writeFileSync(join(confDir, "10-fairway.conflist"), JSON.stringify(conflist));
  return confDir;
}

/**
 * An agent in the node's namespace, once it answers and has made what all pods share. Returns what ends it.
 * Throws where it does not.
 */
function start(
  binary: string,
  node: string,
  socket: string,
  folder: string,
  confDir: string,
): () => void {
  const agent = inNetns(namespacePath(node), () =>
    Bun.spawn(
      [
        binary,
        "agent",
        ...["--socket", socket, "--data-dir", ledgerOf(folder), "--conf-dir", confDir],
      ],
      { env: minimalEnvironment(), stdin: "ignore", stdout: "ignore", stderr: "inherit" },
    ),
  );
  const untilMs = performance.now() + readyWithinMs;
  const url = ["-sf", "--unix-socket", socket, "http://agent/readyz"];
  const isReady = (): boolean => Bun.spawnSync(["curl", ...url]).exitCode === 0;
  while (!existsSync(socket) || !isReady()) {
    if (performance.now() > untilMs) {
      agent.kill();
      throw new Error(`no agent is ready on ${socket} after ${readyWithinMs / 1000} s`);
    }
    Bun.sleepSync(20);
  }
  return () => agent.kill();
}

/** As `fairwaySide`, asked through a launcher. */
export function agentSide(launcher: string, binary: string, options: FairwayOptions): SideSpec {
  const name = options.masquerade === true ? sideNames.agentMasquerade : sideNames.agent;
  const own = fairwaySide(binary, { ...options, name });
  return {
    ...own,
    plugins: (folder) =>
      own.plugins(folder).map((plugin) => ({ ...plugin, file: join(folder, "bin/fairway") })),
    begin: (node, folder) => {
      const [plugin] = own.plugins(folder);
      const confDir = writeConflist(plugin?.config ?? {}, folder);
      return start(binary, node, install(launcher, binary, folder), folder, confDir);
    },
  };
}
