/** Decides what is to lie in the runtime's folder under our name, from all that lies there. Pure. */
import { byBytes, sortsBefore } from "../config/conf-names.ts";
import { type ChainSettings, compose, originalOf, pluginOfCopy, type Refusal } from "./compose.ts";
import { type NetworkList, readNetwork } from "./conf-text.ts";

/** A file of the folder, or why it cannot be read. */
export type FolderFile = { name: string } & ({ text: string } | { fault: string });

/** The network that the runtime would take without Fairway. */
export type Primary =
  | { state: "there"; file: string; list: NetworkList }
  /** None yet, or one that is not whole: it may be so in a moment. */
  | { state: "awaited"; why: string };

export type Decision =
  | { want: "copy"; text: string; follows: string; network: string }
  /** No copy: there is nothing to stand behind, or something stands against it. */
  | ({ want: "nothing" } & Refusal)
  /** What is there stays as it is until more is known. */
  | { want: "wait"; why: string }
  /** What bears our name is somebody else's. */
  | ({ want: "hands off" } & Refusal);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const textOf = (file: FolderFile): string | null => ("text" in file ? file.text : null);

/** What the file of that name holds. null means that it is not there, or cannot be read. */
export function textIn(files: readonly FolderFile[], name: string): string | null {
  const found = files.find((file) => file.name === name);
  return found === undefined ? null : textOf(found);
}

/** A copy of ours, under whatever name: somebody may have moved it aside. */
export const isOwnCopy = (file: FolderFile): boolean =>
  originalOf(parsed(textOf(file) ?? "")) !== null;

/** In the runtimes' order, without what is ours. */
const othersOf = (files: readonly FolderFile[], copyName: string): FolderFile[] =>
  files
    .filter((file) => file.name !== copyName && !isOwnCopy(file))
    .toSorted((a, b) => byBytes(a.name, b.name));

/**
 * The first by name counts. One that is not whole is waited for, and none behind it is taken in its place:
 * it may be the one that is being written.
 */
export function primaryOf(files: readonly FolderFile[], copyName: string): Primary {
  const [first] = othersOf(files, copyName);
  if (first === undefined)
    return { state: "awaited", why: "there is no network configuration beside Fairway's yet" };
  const read = "text" in first ? readNetwork(first.name, first.text) : { fault: first.fault };
  return "list" in read
    ? { state: "there", file: first.name, list: read.list }
    : { state: "awaited", why: `no runtime can load ${first.name}: ${read.fault}` };
}

/** What is ours under our own name, or what a crash left of it, may be replaced. */
function isReplaceable(file: FolderFile | undefined): boolean {
  if (file === undefined || isOwnCopy(file)) return true;
  const text = textOf(file);
  return text !== null && "fault" in readNetwork(file.name, text);
}

export function decide(
  files: readonly FolderFile[],
  copyName: string,
  settings: ChainSettings,
): Decision {
  if (!isReplaceable(files.find(({ name }) => name === copyName)))
    return {
      want: "hands off",
      why: `${copyName} is there, and is not the copy that Fairway made`,
      todo: "it is not overwritten: move it away, or give another --conf-file",
    };
  const primary = primaryOf(files, copyName);
  if (primary.state === "awaited") {
    const isAlone = othersOf(files, copyName).length === 0;
    // A node without a network of its own must look so to the runtime.
    return isAlone
      ? { want: "nothing", why: primary.why, todo: "it is made when the network comes" }
      : { want: "wait", why: primary.why };
  }
  const { file, list } = primary;
  if (sortsBefore(file, copyName))
    return {
      want: "nothing",
      why: `${file} sorts before ${copyName}, and runtimes take the first`,
      todo: "`fairway install --chain --conf-file NAME` with a name that sorts before it",
    };
  const composed = compose(list, settings, file);
  return "refusal" in composed
    ? { want: "nothing", why: `${file}: ${composed.refusal.why}`, todo: composed.refusal.todo }
    : { want: "copy", text: composed.text, follows: file, network: list.name };
}

/**
 * The settings with our plugin as the copy has it. What `install` recorded is where it begins: the agent puts a
 * class of the cluster into it, and an operator may change it. Only `install` sets it anew.
 */
export function settingsInForce(
  files: readonly FolderFile[],
  copyName: string,
  settings: ChainSettings,
): ChainSettings {
  const plugin = pluginOfCopy(parsed(textIn(files, copyName) ?? ""));
  return plugin === null ? settings : { ...settings, plugin };
}
