/** The three ways into a chain, as steps on files. They touch nothing. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { type ChainSettings, type Composed, compose } from "../../chain/compose.ts";
import { decide, type FolderFile, type Primary } from "../../chain/decide.ts";
import type { ChainRecord } from "../../chain/record.ts";
import type { JsonObject } from "../../config/section.ts";
import { FairwayError } from "../../errors.ts";
import { readText } from "../read.ts";
import { inPlaceText, isAsEdited, keptOriginal } from "./chain-original.ts";
import { type Conflist, parseConflist, typesOf } from "./conflist.ts";
import { type FileStep, isThere } from "./files.ts";
import { type Places, pluginName } from "./places.ts";
import { planText } from "./plan-text.ts";
import { refuseMove } from "./refuse-move.ts";

export interface WayFiles {
  /** The whole chain, as the runtime will read it. */
  json: JsonObject;
  steps: FileStep[];
  folders: string[];
  notes: string[];
}

type There = Primary & { state: "there" };

const refuse = (why: string, todo: string): FairwayError =>
  new FairwayError("badConfig", why, todo);

function required(composed: Composed, file: string): JsonObject {
  if ("json" in composed) return composed.json;
  const { why, todo } = composed.refusal;
  throw refuse(`Fairway cannot stand behind ${file}: ${why}`, todo);
}

/** Only root may read it, as the CIS benchmark wants it. */
const ownMode = 0o600;

export function planCopy(
  files: readonly FolderFile[],
  { confDir, confFile }: Places,
  settings: ChainSettings,
): WayFiles {
  const decision = decide(files, confFile, settings);
  if (decision.want !== "copy")
    throw refuse(
      `Fairway cannot stand behind the network of ${confDir}: ${decision.why}`,
      decision.want === "wait" ? "mend that file, or give --wait TIME" : decision.todo,
    );
  const path = join(confDir, confFile);
  return {
    json: JSON.parse(decision.text) as JsonObject,
    steps: planText(path, decision.text, ownMode),
    ...{ folders: [], notes: [] },
  };
}

/** libcni 1.3 reads the plugins of this folder after those of the list. */
export const dropInAt = (confDir: string, network: string): { folder: string; path: string } => {
  const folder = join(confDir, network);
  return { folder, path: join(folder, `${pluginName}.conf`) };
};

export function planDropIn(
  { file, list }: There,
  { confDir }: Places,
  settings: ChainSettings,
): WayFiles {
  if (list.isSingle)
    throw refuse(
      `${file} holds one plugin, and only a list (.conflist) has a drop-in folder`,
      "--chain-way copy makes a list of it",
    );
  if (`${list.json.loadOnlyInlinedPlugins}`.toLowerCase() === "true")
    throw refuse(
      `${file} says loadOnlyInlinedPlugins, so no runtime reads its drop-in folder`,
      "--chain-way copy does without it",
    );
  if (settings.replacesBandwidth)
    throw refuse(
      "a drop-in folder can only add plugins, and --replace-bandwidth takes one away",
      "--chain-way copy can",
    );
  const json = required(compose(list, settings, null), file);
  const { folder, path } = dropInAt(confDir, list.name);
  return {
    json,
    steps: planText(path, `${JSON.stringify(settings.plugin, null, 2)}\n`, ownMode).map((step) => ({
      ...step,
      stirs: confDir,
    })),
    folders: [folder],
    notes: [
      `${path} counts only where the runtime is built with libcni 1.3 or newer (containerd 2.1, and whatever is newer than that), which nothing in this folder tells: add a pod, and look for it in \`fairway status\``,
    ],
  };
}

interface InPlace {
  places: Places;
  dataDir: string;
  settings: ChainSettings;
  recorded: ChainRecord | null;
}

/** The file was edited before. What it was is kept, so that it can be edited anew. */
function planEditedBefore(path: string, { json, text }: Conflist, asked: InPlace): WayFiles {
  const { dataDir, settings, recorded } = asked;
  const nothing = { json, steps: [], folders: [], notes: [] };
  const kept = keptOriginal(dataDir);
  const original = isThere(kept) ? parseConflist(readText(kept), kept) : null;
  if (recorded === null || original === null || !isAsEdited(text, original, recorded))
    return {
      ...nothing,
      notes: [`${path} was changed since Fairway was put into it: it is left as it is`],
    };
  const wanted = inPlaceText(original, settings);
  return { ...nothing, json: parseConflist(wanted, path).json, steps: edit(path, wanted) };
}

/** The file is edited once; what it was is kept, byte for byte. */
export function planInPlace({ file, list }: There, asked: InPlace): WayFiles {
  const { places, dataDir, settings, recorded } = asked;
  if (recorded !== null) refuseMove("--chain-way in-place of", recorded.original, file);
  if (list.isSingle)
    throw refuse(
      `${file} holds one plugin, and only a list (.conflist) has room for another`,
      "--chain-way copy makes a list of it",
    );
  const path = join(places.confDir, file);
  const present: Conflist = { json: list.json, text: readText(path) };
  if (recorded !== null && typesOf(present).includes(pluginName))
    return planEditedBefore(path, present, asked);
  const json = required(compose(list, settings, null), file);
  const kept = keptOriginal(dataDir);
  return {
    json,
    steps: [
      {
        ...{ op: "write", path: kept, mode: ownMode, content: { text: present.text } },
        words: `keep ${path} as it is in ${kept}`,
      },
      ...edit(path, inPlaceText(present, settings)),
    ],
    folders: [],
    notes: [],
  };
}

function edit(path: string, text: string): FileStep[] {
  if (readText(path) === text) return [];
  const mode = statSync(path).mode & 0o777;
  return [{ op: "write", path, mode, content: { text }, words: `edit ${path}` }];
}
