/** A node whose verbs go through a launcher to an agent that is kept alive. */

import { must } from "../../src/prove/lab/run.ts";
import { binary } from "./binary.ts";
import { type LauncherBuild, type LauncherPlace, placeLauncher, Supervised } from "./launched.ts";
import {
  type AddOptions,
  type Pod,
  requestOf,
  type TestNode,
  verbEnvironment,
  withNode,
} from "./node.ts";
import { runToItsEnd } from "./process.ts";

type Json = Record<string, unknown>;

export interface Launched {
  node: TestNode;
  place: LauncherPlace;
  agent: Supervised;
  /** Any verb, as a runtime asks for it. */
  verb(verb: string, pod: Pod, options?: AddOptions): ReturnType<typeof runToItsEnd>;
  /** Why full executables ran in launchers' places since this was last asked. */
  reasons(): string[];
}

function fileSystemAt(folder: string, bytes: number): Disposable {
  must(["mount", "-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", folder]);
  return { [Symbol.dispose]: () => void must(["umount", "-l", folder]) };
}

export async function withLaunched(
  use: (launched: Launched) => Promise<void>,
  {
    config = {},
    envOn = () => ({}),
    build = "patient",
    dataBytes,
  }: {
    config?: Json;
    build?: LauncherBuild;
    /** Made once there is a node: the agent's environment. */
    envOn?: (node: TestNode) => Record<string, string>;
    /** The data folder is a file system of its own, of this size. */
    dataBytes?: number;
  } = {},
): Promise<void> {
  await withNode(async (node) => {
    using _ = dataBytes === undefined ? null : fileSystemAt(node.dataDir, dataBytes);
    using place = await placeLauncher(node.lab.node, { build });
    await using agent = new Supervised({
      executable: () => binary,
      dataDir: node.dataDir,
      watches: true,
      place,
      env: envOn(node),
    });
    await agent.start();
    await use({
      ...{ node, place, agent },
      verb: (verb, pod, options = {}) =>
        runToItsEnd({
          argv: place.enter([place.launcher]),
          stdin: requestOf(node.config, options),
          env: verbEnvironment(verb, pod, options),
        }),
      reasons: () => place.fellBack().map(({ reason }) => reason),
    });
  }, config);
}
