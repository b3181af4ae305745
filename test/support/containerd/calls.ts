/** What a runtime really asks a plugin: a program in the plugin's place that writes it down and becomes the plugin. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Call {
  verb: string;
  containerId: string;
  netns: string;
  args: string;
  config: Record<string, unknown>;
}

/** Writes the program to `file`; `folder` takes what is asked. */
export function writeRecorder(file: string, folder: string, plugin: string): void {
  mkdirSync(folder, { recursive: true });
  // The name sorts by the time. VERSION is asked without an attachment.
  const script = `#!/bin/sh
call=${folder}/$(date +%s.%N).$$
cat >$call.config
[ ! -e ${folder}/fail-$CNI_COMMAND ] || { echo '{"cniVersion":"1.0.0","code":999,"msg":"failed by the test"}'; exit 1; }
printf '%s\\n' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_NETNS" "$CNI_ARGS" >$call.env
exec ${plugin} <$call.config
`;
  writeFileSync(file, script, { mode: 0o755 });
}

/** From now on the plugin's verb fails before it begins. */
export function failVerb(folder: string, verb: string): void {
  writeFileSync(join(folder, `fail-${verb}`), "");
}

/** In the order of their beginnings. */
export function recordedCalls(folder: string): Call[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".env"))
    .sort()
    .map((name) => {
      const [verb = "", containerId = "", netns = "", args = ""] = readFileSync(
        join(folder, name),
        "utf8",
      ).split("\n");
      const config = readFileSync(join(folder, name.replace(/env$/, "config")), "utf8");
      return {
        verb,
        containerId,
        netns,
        args,
        config: JSON.parse(config || "{}") as Call["config"],
      };
    });
}
