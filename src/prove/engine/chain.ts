/** Wires pods whose interface a reference plugin makes, with Fairway after it. */
import { join } from "node:path";
import { FairwayError } from "../../errors.ts";
import type { Lab } from "../lab/lab.ts";
import { callAdd, type Pod } from "./pods.ts";
import type { ChainPlugin, Scenario } from "./scenario.ts";

type Config = Record<string, unknown>;

const keys: Record<ChainPlugin, Config> = {
  bridge: { bridge: "cni0", isGateway: true },
  ptp: {},
};

/** @throws FairwayError unavailable where there is no folder of plugins. */
export function requirePlugins({ name, chain }: Scenario, plugins: string | null): void {
  if (chain === undefined || plugins !== null) return;
  throw new FairwayError(
    "unavailable",
    `${name} was not run: it needs the reference plugins bridge, ptp and host-local`,
    "give their folder: --plugins DIR",
  );
}

/**
 * Fairway's configuration for this pod, after the other plugin's ADD.
 * @throws FairwayError unavailable with what that plugin said.
 */
export function chainedConfig(
  lab: Lab,
  pod: Pick<Pod, "name" | "namespace">,
  { plugin, plugins, config }: { plugin: ChainPlugin; plugins: string; config: Config },
): Config {
  const { ipam, bridge: _, ipMasq: __, ...own } = config;
  const { cniVersion, name, dataDir } = config;
  const main = {
    cniVersion,
    name,
    type: plugin,
    ...keys[plugin],
    ipam: { ...(ipam as Config), type: "host-local", dataDir: join(String(dataDir), "host-local") },
  };
  const env = { CNI_PATH: plugins };
  const { code, stdout, stderr } = callAdd(lab, [join(plugins, plugin)], pod, main, env);
  if (code !== 0)
    throw new FairwayError(
      "unavailable",
      `ADD of ${plugin} for ${pod.name} failed: ${stdout.trim()}`,
      stderr.trim() || undefined,
    );
  return { ...own, prevResult: JSON.parse(stdout) as Config };
}
