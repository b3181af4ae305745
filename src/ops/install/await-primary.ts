/** Waits for a network to stand behind: on a node that is new, the other's installer may come later. */
import { primaryOf } from "../../chain/decide.ts";
import { readFolder } from "../../chain/folder.ts";
import type { InstallOptions } from "./asked.ts";
import { placesOf } from "./places.ts";
import { copyNameBefore } from "./plan-chain.ts";

const lookEveryMs = 200;

/** Returns also when the time is over: what is wrong then is told by the plan. Throws io. */
export async function awaitPrimary(options: InstallOptions, waitMs: number): Promise<void> {
  const { confDir } = placesOf(options);
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const files = readFolder(confDir);
    if (primaryOf(files, options.confFile ?? copyNameBefore(files)).state === "there") return;
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) return;
    await Bun.sleep(Math.min(lookEveryMs, leftMs));
  }
}
