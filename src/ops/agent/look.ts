/** Where a node's agent is asked, what tells that there should be one, and what it says. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultSocket } from "../../agent/protocol.ts";
import { type AgentSeen, seeAgent } from "./ask.ts";

/** In the launcher's folder, a line in this file takes the place of the usual path (src/launcher/limits.h). */
export const socketPathFile = "agent.socket-path";
/** Where a launcher has the name of the plugin, the executable has this one. */
const fullName = "fairway-full";
const unitFile = "/etc/systemd/system/fairway-agent.service";

export interface AgentSigns {
  hasUnit: boolean;
  hasLauncher: boolean;
  /** An agent has been at this socket since the node booted, or is there now. */
  wasHere: boolean;
}

export interface AgentLook {
  /** null means that `agent.socket-path` holds no path, so that no launcher asks an agent. */
  socket: string | null;
  signs: AgentSigns;
  seen: AgentSeen;
}

/** As the launcher reads it (folder_socket of src/launcher/full.c). */
function socketOf(binDir: string): string | null {
  const file = join(binDir, socketPathFile);
  try {
    const [line = ""] = readFileSync(file, "utf8").split("\n");
    return line.startsWith("/") ? line : null;
  } catch {
    return existsSync(file) ? null : defaultSocket;
  }
}

export async function lookAtAgent(binDir: string): Promise<AgentLook> {
  const socket = socketOf(binDir);
  const seen: AgentSeen = socket === null ? { state: "absent" } : await seeAgent(socket);
  const signs = {
    hasUnit: existsSync(unitFile),
    hasLauncher: existsSync(join(binDir, fullName)),
    wasHere: seen.state !== "absent" || existsSync(`${socket}.lock`),
  };
  return { socket, signs, seen };
}
