/**
 * Tells whether Fairway is installed with another data folder than the one that `uninstall` is asked about.
 */
import { defaults } from "../../config/defaults.ts";
import { FairwayError } from "../../errors.ts";
import { type Manifest, manifestFile, readManifest } from "../install/manifest.ts";
import { isSameFolder, type NamedFolder, namedByConflist } from "../install/named-folder.ts";
import { type PlaceOptions, placesOf } from "../install/places.ts";

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
  const other = namedFolders(dataDir, options).find(
    (named) => !isSameFolder(named.dataDir, dataDir),
  );
  if (other === undefined) return null;
  return new FairwayError(
    "badConfig",
    `Fairway is installed with the data folder ${other.dataDir} (${other.by} says so), and ${dataDir} is asked for`,
    `nothing was changed: \`fairway uninstall --data-dir ${other.dataDir}\`. --force goes by ${dataDir} all the same: what ${other.dataDir} knows of this node before Fairway is not put back then`,
  );
}
