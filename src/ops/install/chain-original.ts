/** What a file was before Fairway was put into it, and what it is with it. */
import { join } from "node:path";
import { type ChainSettings, compose } from "../../chain/compose.ts";
import { readNetwork } from "../../chain/conf-text.ts";
import { pluginName } from "../../config/plugin-name.ts";
import { isObject, type JsonObject } from "../../config/section.ts";
import { FairwayError } from "../../errors.ts";
import { type Conflist, parseConflist } from "./conflist.ts";

/** It lies outside of the runtime's folder, which would take it for a network. */
export const keptOriginal = (dataDir: string): string => join(dataDir, "chained-original");

/** Throws decode, and badConfig where Fairway cannot stand in it. */
export function inPlaceText({ text }: Conflist, settings: ChainSettings): string {
  const read = readNetwork("original.conflist", text);
  if ("fault" in read)
    throw new FairwayError("decode", `the original that was kept is no network: ${read.fault}`);
  const composed = compose(read.list, settings, null);
  if ("text" in composed) return composed.text;
  throw new FairwayError("badConfig", composed.refusal.why, composed.refusal.todo);
}

/** The plugins that a file lists, and those of them that are not ours. Throws decode. */
function othersIn(text: string): { json: JsonObject; plugins: unknown[]; others: unknown[] } {
  const { json } = parseConflist(text, "the file");
  const plugins = Array.isArray(json.plugins) ? json.plugins : [];
  const others = plugins.filter((each) => !(isObject(each) && each.type === pluginName));
  return { json, plugins, others };
}

const withoutOurs = (text: string): JsonObject => {
  const { json, others } = othersIn(text);
  return { ...json, plugins: others };
};

/** The text of a file without our plugin. null means that ours is not in it. Throws decode. */
export function textWithoutOurs(text: string): string | null {
  const { json, plugins, others } = othersIn(text);
  if (others.length === plugins.length) return null;
  return `${JSON.stringify({ ...json, plugins: others }, null, 2)}\n`;
}

/**
 * Whether a file is as it was edited. Our own plugin in it may be another: the agent puts a class of the cluster
 * into it. Throws decode, badConfig.
 */
export const isAsEdited = (text: string, original: Conflist, settings: ChainSettings): boolean =>
  Bun.deepEquals(withoutOurs(text), withoutOurs(inPlaceText(original, settings)));
