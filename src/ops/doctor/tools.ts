/** The tools that Fairway runs, with their versions. */
import { findTool, runTool, type Tool } from "../../kernel/children.ts";
import { attempt, type Finding, ok, warn } from "./finding.ts";

const versionArguments: Record<Tool, string[]> = { ip: ["-V"], tc: ["-V"], nft: ["--version"] };

function tool(name: Tool): Finding[] {
  const id = `tools.${name}`;
  return attempt(id, () => {
    const path = findTool(name);
    const { ok: ended, stdout, stderr } = runTool(name, versionArguments[name]);
    const version = stdout.trim().split("\n")[0] ?? "";
    if (ended && version !== "") return [ok(id, `${version} (${path})`)];
    const said = stderr.split("\n")[0] || "nothing";
    return [warn(id, `${path} does not tell its version: it says ${said}`, `run ${path} by hand`)];
  });
}

export function tools(): Finding[] {
  return [...tool("ip"), ...tool("tc"), ...tool("nft")];
}
