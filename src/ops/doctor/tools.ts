/** Tells which tools Fairway runs, with their versions. */
import { chosenBackend, neededTools } from "../../kernel/backend.ts";
import { findTool, findToolIfAny, packages, runTool, type Tool } from "../../kernel/children.ts";
import { attempt, type Finding, ok, warn } from "./finding.ts";

const versionArguments: Record<Tool, string[]> = { ip: ["-V"], tc: ["-V"], nft: ["--version"] };

const changes: Record<Tool, string> = { ip: "links", tc: "queues", nft: "tables" };

function tool(name: Tool): Finding[] {
  const id = `tools.${name}` as const;
  return attempt(id, () => {
    if (!neededTools(chosenBackend()).includes(name) && findToolIfAny(name) === null)
      return [
        warn(
          id,
          `${name} is in none of the folders of PATH: Fairway changes ${changes[name]} without it`,
          `install ${packages[name]} where a person is to try what \`fairway explain\` prints, or where FAIRWAY_BACKEND=exec is set`,
        ),
      ];
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
