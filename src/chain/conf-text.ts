/**
 * Reads one file of the runtime's folder by the rules of libcni's conf.go, which containerd and CRI-O call. Pure.
 */
import { isObject, type JsonObject } from "../config/section.ts";
import { messageOf } from "../errors.ts";

/** A network as a list, whatever its file held. */
export interface NetworkList {
  name: string;
  /** All of the list, with keys that nobody here knows. */
  json: JsonObject;
  plugins: JsonObject[];
  /** The file is for one plugin, which libcni makes a list of. */
  isSingle: boolean;
}

export type ReadNetwork = { list: NetworkList } | { fault: string };

const hasType = (plugin: JsonObject): boolean =>
  typeof plugin.type === "string" && plugin.type !== "";

function listOf(json: JsonObject): ReadNetwork {
  const { name, cniVersion, plugins } = json;
  if (typeof name !== "string" || name === "") return { fault: "the network has no name" };
  if (cniVersion !== undefined && typeof cniVersion !== "string")
    return { fault: "cniVersion is no text" };
  if (!Array.isArray(plugins) || plugins.length === 0) return { fault: "it lists no plugin" };
  const typed = plugins.filter(isObject).filter(hasType);
  return typed.length === plugins.length
    ? { list: { name, json, plugins: typed, isSingle: false } }
    : { fault: `of ${plugins.length} plugins, ${typed.length} have a type` };
}

/** libcni's ConfListFromConf(): the plugin keeps all of its keys. */
function listOfSingle(json: JsonObject): ReadNetwork {
  if (!hasType(json))
    return {
      fault:
        json.plugins === undefined
          ? "it names no plugin"
          : "it is a list of plugins in a file for one plugin: only .conflist is read as a list",
    };
  const { name, cniVersion } = json;
  const read = listOf({ cniVersion, name, plugins: [json] });
  return "list" in read ? { list: { ...read.list, isSingle: true } } : read;
}

/** `text` is what the file called `name` holds. A fault says why no runtime takes it. */
export function readNetwork(name: string, text: string): ReadNetwork {
  if (text.trim() === "") return { fault: "it is empty" };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { fault: `it is no JSON, or only a part of it: ${messageOf(error)}` };
  }
  if (!isObject(json)) return { fault: "it holds no JSON object" };
  return name.endsWith(".conflist") ? listOf(json) : listOfSingle(json);
}
