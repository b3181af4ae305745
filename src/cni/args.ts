/**
 * Reads CNI_ARGS, "K=V;K=V", as a runtime writes it (CNI SPEC 1.1.0, "Parameters"). It is read as libcni's
 * types.LoadArgs does: each pair has exactly one "=".
 */
import { FairwayError } from "../errors.ts";

/** `IP` is the address asked for; the rest of what we read has the prefix that the kubelet's runtimes use. */
const knownKeys = ["IP", "IgnoreUnknown"];
const knownPrefix = "K8S_POD_";

const booleans: Record<string, boolean> = {
  "1": true,
  t: true,
  true: true,
  "0": false,
  f: false,
  false: false,
};

const isOurs = (key: string): boolean => knownKeys.includes(key) || key.startsWith(knownPrefix);

/**
 * Whether the text has a character of Unicode's Cc. A pattern of that name would first build a table of all
 * characters.
 */
export function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** Writes a pair for an error. Where the key is not ours, nobody is to read its value. */
function shown(pair: string): string {
  const [key = "", ...rest] = pair.split("=");
  return JSON.stringify(key === "" || isOurs(key) || rest.length === 0 ? pair : `${key}=...`);
}

/**
 * The pairs of `text`, in its order.
 * Throws badEnvironment for a pair that is not KEY=VALUE, and for a key given twice with two values.
 */
export function parseArgs(text: string): Record<string, string> {
  const args = new Map<string, string>();
  for (const pair of pairsOf(text)) {
    const [key, value, ...rest] = pair.split("=");
    if (key === undefined || key === "" || value === undefined || rest.length > 0) {
      throw new FairwayError(
        "badEnvironment",
        `CNI_ARGS has the malformed pair ${shown(pair)}`,
        'CNI_ARGS is written KEY=VALUE, pairs separated by ";"',
      );
    }
    if (hasControl(pair)) {
      // It would be shown on somebody's terminal one day.
      throw new FairwayError(
        "badEnvironment",
        `CNI_ARGS has a control character in ${shown(pair)}`,
        "names of pods and namespaces have none",
      );
    }
    const earlier = args.get(key);
    if (earlier !== undefined && earlier !== value) {
      throw new FairwayError(
        "badEnvironment",
        isOurs(key)
          ? `CNI_ARGS gives ${key} twice: ${JSON.stringify(earlier)} and ${JSON.stringify(value)}`
          : `CNI_ARGS gives ${key} twice, with two values`,
        "give each key once",
      );
    }
    args.set(key, value);
  }
  return Object.fromEntries(args);
}

function readablePairs(text: string): [key: string, value: string][] {
  return pairsOf(text).flatMap((pair): [string, string][] => {
    const [key, value, ...rest] = pair.split("=");
    return key && value !== undefined && rest.length === 0 ? [[key, value]] : [];
  });
}

/**
 * The pairs of `text` that can be read; the others are left out. This is for DEL only: a runtime repeats a
 * DEL until it succeeds, with the arguments that made the ADD fail, and nothing of DEL depends on them.
 */
export const parseArgsLeniently = (text: string): Record<string, string> =>
  Object.fromEntries(readablePairs(text));

/** All values that `text` gives a key, as far as it can be read. */
export const valuesOfArg = (text: string, key: string): string[] =>
  readablePairs(text).flatMap(([name, value]) => (name === key ? [value] : []));

/** Throws badEnvironment if there are keys that we do not know, unless IgnoreUnknown says to. */
export function refuseUnknownArgs(args: Record<string, string>): void {
  const unknown = Object.keys(args).filter((key) => !isOurs(key));
  if (ignoresUnknown(args) || unknown.length === 0) return;
  throw new FairwayError(
    "badEnvironment",
    `CNI_ARGS has unknown keys: ${unknown.join(", ")}`,
    `known are ${knownKeys.join(", ")} and ${knownPrefix}*; IgnoreUnknown=1 lets others pass`,
  );
}

/** Reads the value as Go's strconv.ParseBool does, in any letter case (libcni ignores the case, too). */
function ignoresUnknown(args: Record<string, string>): boolean {
  const text = args.IgnoreUnknown;
  if (text === undefined) return false;
  const folded = text.toLowerCase();
  const value = Object.hasOwn(booleans, folded) ? booleans[folded] : undefined;
  if (value === undefined) {
    throw new FairwayError(
      "badEnvironment",
      `CNI_ARGS has IgnoreUnknown=${text}, which is neither true nor false`,
      `write one of ${Object.keys(booleans).join(", ")}`,
    );
  }
  return value;
}

function pairsOf(text: string): string[] {
  return text === "" ? [] : text.split(";");
}
