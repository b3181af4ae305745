/** Makes the base before the first pod comes, for the network that the runtime gives pods to. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { networkPart } from "../cni/attach-ask.ts";
import { confFiles } from "../cni/conf-files.ts";
import type { RawConfig } from "../cni/request.ts";
import { pluginName } from "../config/plugin-name.ts";
import { isObject } from "../config/section.ts";
import type { NetworkConfig } from "../config/types.ts";
import { effect } from "../effect.ts";
import { FairwayError } from "../errors.ts";
import { inLedger, ledgerIfThere } from "../node/facts/open.ts";
import { findUplink } from "../node/facts/uplink.ts";
import { prepareNetwork } from "../node/verbs/prepare.ts";
import { whyNoTool } from "../patience.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";
import { Stage, stagePrefix } from "./stage.ts";

/** The configuration of our plugin as the runtime composes it, without what belongs to one pod. */
function composed(text: string): RawConfig | null {
  const list: unknown = JSON.parse(text);
  if (!isObject(list)) return null;
  const plugins = Array.isArray(list.plugins) ? list.plugins.filter(isObject) : [list];
  const own = plugins.find(({ type }) => type === pluginName);
  return own === undefined ? null : { ...own, name: list.name, cniVersion: list.cniVersion };
}

interface Network {
  raw: RawConfig;
  config: NetworkConfig;
}

/**
 * The network that a runtime takes, which is the first of the folder. null means that it is not Fairway's. What an
 * ADD would refuse is left to STATUS and the ADD to tell.
 */
export function firstNetwork(confDir: string): Network | null {
  try {
    const [first] = confFiles(confDir);
    if (first === undefined || !first.types.includes(pluginName)) return null;
    const raw = composed(readFileSync(join(confDir, first.name), "utf8"));
    if (raw === null) return null;
    return { raw, config: parseNetworkConfig(raw) };
  } catch (error) {
    const isTold = error instanceof FairwayError || error instanceof SyntaxError;
    if (isTold || (error instanceof Error && "code" in error)) return null;
    throw error;
  }
}

/**
 * null also means that only a pod's ADD tells what is needed to make its base: another plugin makes the bridge, or
 * gives the addresses, or the runtime gives the subnets.
 */
function networkInUse(confDir: string): Network | null {
  const found = firstNetwork(confDir);
  const isLater = found?.config.chained === true || found?.config.ipam.delegate != null;
  return isLater ? null : found;
}

/**
 * Tells whether it made anything. On a node that has pods there is nothing to prepare. A configuration for
 * another ledger than `dataDir` is another agent's. Throws what an ADD would throw.
 */
export function prepareBase(dataDir: string, confDir: string): boolean {
  if (whyNoTool() !== null) return false;
  if (ledgerIfThere(dataDir)?.attachments.any() === true) return false;
  const found = networkInUse(confDir);
  if (found === null || found.config.dataDir !== dataDir) return false;
  const { raw, config } = found;
  return inLedger(dataDir, (ledger) => prepareNetwork(ledger, config, networkPart(raw, config)));
}

/** So often code has run that the runtime has compiled it (ops/agent/compile-early.ts). */
const rehearsals = 20;

/** An agent that was killed has left its stage. */
function clearStages(folder: string): void {
  for (const name of readdirSync(folder))
    if (name.startsWith(stagePrefix))
      effect("file", "take a stage away", () => rmSync(join(folder, name), { recursive: true }));
}

/**
 * Plays the verbs of this network on a node that is nobody's, so that the first pod does not wait for code to be
 * loaded and compiled. The process hears what comes between two verbs. `stageIn` is a folder of this process's
 * own. Returns how many verbs were played. One that is refused ends it, since a pod's would be, too.
 */
export async function rehearseVerbs(
  { dataDir, confDir, stageIn }: { dataDir: string; confDir: string; stageIn: string },
  isOver: () => boolean,
): Promise<number> {
  let played = 0;
  try {
    clearStages(stageIn);
    const found = networkInUse(confDir);
    if (found === null || found.config.dataDir !== dataDir) return played;
    const { raw, config } = found;
    using stage = new Stage(stageIn, raw, findUplink(config.uplink, config.bridge));
    for (let times = 0; times < rehearsals; times++)
      for (const verb of ["ADD", "CHECK", "DEL"] as const) {
        if (isOver() || !stage.play(verb)) return played;
        played += 1;
        await Bun.sleep(0);
      }
  } catch (error) {
    if (!(error instanceof FairwayError || (error instanceof Error && "code" in error)))
      throw error;
  }
  return played;
}
