/** Says where Fairway lies on a node, and what of it bears its name. */
import { basename } from "node:path";
import { parsePath } from "../../config/paths.ts";
import { ipamPluginName, pluginName } from "../../config/plugin-name.ts";
import { FairwayError } from "../../errors.ts";

export { pluginName };
/** The executable's name beside a launcher, which looks for it there. */
export const fullName = "fairway-full";
/** A launcher looks into this file of its own folder for the agent's socket, where it is not the usual one. */
export const socketPathName = "agent.socket-path";
export const unitName = "fairway-agent.service";
/** The plugin's other name, under which it is an IPAM plugin for others. */
export const ipamName = ipamPluginName;

/** The places where the runtimes and kubeadm look. The file's name sorts before most others. */
export const usualPlaces = {
  binDir: "/opt/cni/bin",
  confDir: "/etc/cni/net.d",
  confFile: "10-fairway.conflist",
  unitDir: "/etc/systemd/system",
} as const;

export interface Places {
  binDir: string;
  confDir: string;
  confFile: string;
  /** Where systemd looks for the agent's unit. */
  unitDir: string;
}

export interface PlaceOptions {
  binDir?: string;
  confDir?: string;
  confFile?: string;
  unitDir?: string;
}

function parseConfFile(text: string): string {
  if (text === basename(text) && /^[^.\s].*\.conflist$/.test(text)) return text;
  throw new FairwayError(
    "badConfig",
    `--conf-file: ${JSON.stringify(text)} cannot name a conflist`,
    "give a file's name without a folder that ends in .conflist, such as 05-fairway.conflist",
  );
}

/** Takes what was given, else what is known, else what is usual. Throws badConfig. */
export function placesOf(options: PlaceOptions, known: Partial<Places> = {}): Places {
  const folder = (given: string | undefined, option: string): string | undefined =>
    given === undefined ? undefined : parsePath(given, option).replace(/(.)\/+$/, "$1");
  return {
    binDir: folder(options.binDir, "--bin-dir") ?? known.binDir ?? usualPlaces.binDir,
    confDir: folder(options.confDir, "--conf-dir") ?? known.confDir ?? usualPlaces.confDir,
    confFile:
      options.confFile === undefined
        ? (known.confFile ?? usualPlaces.confFile)
        : parseConfFile(options.confFile),
    unitDir: folder(options.unitDir, "--unit-dir") ?? known.unitDir ?? usualPlaces.unitDir,
  };
}
