/**
 * Tells whether Fairway is installed with another data folder than the one that `uninstall` is asked about.
 */
import fs from "node:fs";
import { defaults } from "../../config/defaults.ts";
import { FairwayError } from "../../errors.ts";
import { type Manifest, manifestFile, readManifest } from "./manifest.ts";
import { type NamedFolder, namedByConflist } from "./named-folder.ts";
import { type PlaceOptions, placesOf } from "./places.ts";

/** The real path of what is there; where nothing is, the path itself without a slash at its end. */
function realPath(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path.replace(/(.)\/+$/, "$1");
  }
}

function namedByManifest(dataDir: string): { manifest: Manifest; named: NamedFolder }[] {
  const manifest = readManifest(dataDir);
  if (manifest === null) return [];
  const named = { dataDir: manifest.dataDir ?? dataDir, by: manifestFile(dataDir) };
  return [{ manifest, named }];
}

/**
 * The folders that install.json and the conflist name. These are looked for in the asked places, beside the
 * ledger, and where they usually are.
 */
function namedFolders(dataDir: string, options: PlaceOptions): NamedFolder[] {
  const own = namedByManifest(dataDir);
  // Whoever names the places means the installation there, and no other.
  const isUsual = options.confDir === undefined && options.binDir === undefined;
  const usual = isUsual ? namedByManifest(defaults.dataDir) : [];
  return [
    ...own.map(({ named }) => named),
    ...usual.map(({ named }) => named),
    ...[placesOf(options, own[0]?.manifest ?? {}), placesOf(options)].flatMap(
      (places) => namedByConflist(places) ?? [],
    ),
  ];
}

/** null means that nothing names another folder. */
export function otherFolder(dataDir: string, options: PlaceOptions): FairwayError | null {
  const asked = realPath(dataDir);
  const other = namedFolders(dataDir, options).find((named) => realPath(named.dataDir) !== asked);
  if (other === undefined) return null;
  return new FairwayError(
    "badConfig",
    `Fairway is installed with the data folder ${other.dataDir} (${other.by} says so), and ${dataDir} is asked for`,
    `nothing was changed: \`fairway uninstall --data-dir ${other.dataDir}\`. --force goes by ${dataDir} all the same: what ${other.dataDir} knows of this node before Fairway is not put back then`,
  );
}
