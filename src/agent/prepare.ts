/** Makes the base before the first pod comes, for the network that the runtime gives pods to. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { attachAskOf, networkPart } from "../cni/attach-ask.ts";
import { confFiles } from "../cni/conf-files.ts";
import type { RawConfig } from "../cni/request.ts";
import { pluginName } from "../config/plugin-name.ts";
import { isObject } from "../config/section.ts";
import type { NetworkConfig } from "../config/types.ts";
import { FairwayError } from "../errors.ts";
import { inLedger, ledgerIfThere } from "../node/facts/open.ts";
import { prepareNetwork } from "../node/verbs/prepare.ts";
import { rehearse } from "../node/verbs/rehearse.ts";
import { whyNoTool } from "../patience.ts";
import { parseNetworkConfig } from "../promise/network-config.ts";

/** The configuration of our plugin as the runtime composes it, without what belongs to one pod. */
function composed(text: string): RawConfig | null {
  const list: unknown = JSON.parse(text);
  if (!isObject(list)) return null;
  const plugins = Array.isArray(list.plugins) ? list.plugins.filter(isObject) : [list];
  const own = plugins.find(({ type }) => type === pluginName);
  return own === undefined ? null : { ...own, name: list.name, cniVersion: list.cniVersion };
}

/**
 * The network that a runtime takes, which is the first of the folder. null means that it is not Fairway's, or
 * that only a pod's ADD tells what is needed to make its base: another plugin makes the bridge, or gives the
 * addresses, or the runtime gives the subnets. What an ADD would refuse is left to STATUS and the ADD to tell.
 */
function networkInUse(confDir: string): { raw: RawConfig; config: NetworkConfig } | null {
  try {
    const [first] = confFiles(confDir);
    if (first === undefined || !first.types.includes(pluginName)) return null;
    const raw = composed(readFileSync(join(confDir, first.name), "utf8"));
    if (raw === null) return null;
    const config = parseNetworkConfig(raw);
    return config.chained || config.ipam.delegate !== null ? null : { raw, config };
  } catch (error) {
    const isTold = error instanceof FairwayError || error instanceof SyntaxError;
    if (isTold || (error instanceof Error && "code" in error)) return null;
    throw error;
  }
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

/** A pod that is not there. No runtime gives a container such an id. */
const nobody = { containerId: "nobody", ifname: "eth0", netns: "/nowhere", args: {} };

/** So often code has run that the runtime has compiled it (ops/agent/compile-early.ts). */
const rehearsals = 30;

/**
 * Goes through what an ADD and a CHECK of this network think, so that the first pod does not wait for code to be
 * compiled. The process hears what comes between two times. What an ADD would be refused for ends it.
 */
export async function rehearseVerbs(
  dataDir: string,
  confDir: string,
  isOver: () => boolean,
): Promise<void> {
  try {
    for (let times = 0; times < rehearsals && !isOver(); times++) {
      const found = networkInUse(confDir);
      const ledger = ledgerIfThere(dataDir);
      if (found === null || found.config.dataDir !== dataDir || ledger === null) return;
      rehearse(ledger, attachAskOf(nobody, found.config, null));
      await Bun.sleep(0);
    }
  } catch (error) {
    if (!(error instanceof FairwayError)) throw error;
  }
}
