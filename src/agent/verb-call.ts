/** The body of a request for a verb: an environment, and a stdin. Pure. */
import { ipamPluginName, pluginName } from "../config/plugin-name.ts";
import type { Refusal } from "./protocol.ts";

export interface VerbCall {
  /** Whether the plugin was called by its name as an IPAM plugin. */
  isIpam: boolean;
  env: Readonly<Record<string, string>>;
  stdin: Uint8Array;
}

/** This variable tells the name by which the launcher was called. */
const nameVariable = "FAIRWAY_AS";

const entryPattern = /^((?:CNI|FAIRWAY)_[^=]*)=(.*)$/s;

const malformed = (what: string): Refusal => ({
  status: 400,
  reason: `the body is no environment and stdin: ${what}`,
});

/**
 * The environment is "KEY=VALUE" entries, each ended by NUL. After an empty entry comes stdin, to the end of
 * the body.
 */
export function verbCallIn(body: Uint8Array): VerbCall | Refusal {
  const env: Record<string, string> = {};
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;
  for (;;) {
    const end = body.indexOf(0, at);
    if (end < 0) return malformed("there is no empty entry at the end of the environment");
    if (end === at) break;
    let entry: string;
    try {
      entry = decoder.decode(body.subarray(at, end));
    } catch {
      return malformed("an entry of the environment is not UTF-8");
    }
    const [, key, value = ""] = entryPattern.exec(entry) ?? [];
    if (key === undefined)
      return malformed("an entry of the environment is no CNI_* or FAIRWAY_* variable");
    if (Object.hasOwn(env, key)) return malformed(`${key} is given twice`);
    env[key] = value;
    at = end + 1;
  }
  const { [nameVariable]: name, ...rest } = env;
  if (name !== pluginName && name !== ipamPluginName)
    return malformed(
      `${nameVariable} is ${name === undefined ? "missing" : JSON.stringify(name)}, and has to be ${pluginName} or ${ipamPluginName}`,
    );
  return { isIpam: name === ipamPluginName, env: rest, stdin: body.subarray(at + 1) };
}
