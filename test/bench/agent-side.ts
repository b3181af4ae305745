/** Fairway where an agent runs: what is called is the launcher, and the executable lies beside it. */
import { copyFileSync, existsSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNetns } from "../../src/kernel/netns.ts";
import { minimalEnvironment } from "../../src/ops/child.ts";
import { namespacePath } from "../../src/prove/lab/namespaces.ts";
import type { SideSpec } from "./side.ts";
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

/** An agent in the node's namespace, once it answers. Returns what ends it. Throws where it does not. */
function start(binary: string, node: string, socket: string, folder: string): () => void {
  const agent = inNetns(namespacePath(node), () =>
    Bun.spawn([binary, "agent", "--socket", socket, "--data-dir", ledgerOf(folder)], {
      env: minimalEnvironment(),
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    }),
  );
  const untilMs = performance.now() + readyWithinMs;
  while (!existsSync(socket)) {
    if (performance.now() > untilMs) {
      agent.kill();
      throw new Error(`no agent listens on ${socket} after ${readyWithinMs / 1000} s`);
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
    begin: (node, folder) => start(binary, node, install(launcher, binary, folder), folder),
  };
}
