/** Asks systemd for what is done with the agent's unit. */
import fs from "node:fs";
import { FairwayError, messageOf } from "../../errors.ts";
import { type CommandResult, runEffect } from "../child.ts";

/** sd_booted(3) */
const runs = "/run/systemd/system";
/** It is longer than what the unit allows for a start and for an end. */
const timeLimitMs = 120_000;

const systemctl = (...args: string[]): CommandResult =>
  runEffect(`systemctl ${args[0]}`, ["systemctl", "--no-ask-password", "--no-pager", ...args], {
    timeoutMs: timeLimitMs,
  });

/** What a unit is at this moment. */
export interface UnitState {
  isActive: boolean;
  isEnabled: boolean;
}

/**
 * Whether systemd runs here, and looks for units in this folder. Where it does not, for example in a
 * container or in the tree of another machine, files are written and nothing is started.
 */
export function managesUnitsIn(folder: string): boolean {
  if (!fs.existsSync(runs)) return false;
  try {
    const { code, stdout } = systemctl("show", "--property=UnitPath", "--value");
    return code === 0 && stdout.trim().split(/\s+/).includes(folder);
  } catch {
    // A container may see the node's /run and have no systemctl.
    return false;
  }
}

export function unitState(unit: string): UnitState {
  const is = (what: "is-active" | "is-enabled"): string => systemctl(what, unit).stdout.trim();
  return {
    // One that is started anew is meant to be active, however often it fails.
    isActive: /^(active|activating|reloading)$/.test(is("is-active")),
    isEnabled: is("is-enabled") === "enabled",
  };
}

export type UnitAct =
  | "daemon-reload"
  | "enable"
  | "enable --now"
  | "start"
  | "restart"
  | "stop"
  | "disable --now";

/** What was said on the way, without what systemctl advises. */
const words = ({ stderr, stdout }: CommandResult): string =>
  (stderr.trim() || stdout.trim()).split("\n").slice(0, 3).join(" ");

/** The last that the unit's program said, for whoever has to find out why it does not start. */
function lastWords(unit: string): string {
  try {
    const { stdout } = systemctl("status", "--lines=3", "--full", unit);
    const lines = stdout.split("\n\n").slice(1).join("\n").trim();
    return lines === "" ? "" : `; its last words: ${lines}`;
  } catch {
    return "";
  }
}

/** Throws io, with what systemctl said. */
export function act(what: UnitAct, unit: string): void {
  const args = what === "daemon-reload" ? [what] : [...what.split(" "), unit];
  const line = `systemctl ${args.join(" ")}`;
  const isStart = /^(enable --now|start|restart)$/.test(what);
  const instead = isStart ? ", or give --no-agent: verbs work without it" : "";
  const todo = `journalctl -u ${unit} tells more; run it again when that is mended${instead}`;
  let done: CommandResult;
  try {
    done = systemctl(...args);
  } catch (error) {
    throw new FairwayError("io", `${line} cannot be run: ${messageOf(error)}`, todo, {
      cause: error,
    });
  }
  if (done.code === 0) return;
  const how = done.code === null ? `took longer than ${timeLimitMs / 1_000} s` : words(done);
  throw new FairwayError("io", `${line} failed: ${how}${lastWords(unit)}`, todo);
}
