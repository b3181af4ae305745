/** Runs another IPAM plugin as the specification says (CNI SPEC 1.1.0, section 4: delegation). */
import { accessSync, constants, statSync, writeSync } from "node:fs";
import { FairwayError, messageOf } from "../../errors.ts";
import { runPlugin } from "../../kernel/children.ts";
import type { AttachmentKey } from "../../plan/node.ts";
import { LeftBehind } from "../verbs/left-behind.ts";

export interface Delegate {
  plugin: string;
  /** CNI_PATH's folders. */
  path: readonly string[];
  /** The configuration as the runtime gave it. */
  stdin: string;
}

export interface DelegateCall {
  verb: "ADD" | "DEL" | "CHECK" | "GC" | "STATUS";
  /** These variables are set over the environment of our own verb. */
  env?: Record<string, string>;
  timeLimitMs?: number;
}

/**
 * The plugin's DEL for an attachment that is gone. The runtime's environment does not describe that
 * attachment, so its variables are replaced.
 */
export const delOfGone = ({ containerId, ifname }: AttachmentKey): DelegateCall => ({
  verb: "DEL",
  env: { CNI_CONTAINERID: containerId, CNI_IFNAME: ifname, CNI_NETNS: "", CNI_ARGS: "" },
});

/** A plugin may ask a server, which may be slow (a DHCP lease is waited for 10 s); no runtime waits for minutes. */
const defaultTimeLimitMs = 30_000;
/** So many characters are shown of what a plugin printed instead of an answer. */
const shownLength = 200;

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Throws missingTool. */
function findPlugin({ plugin, path }: Delegate): string {
  const file = path.map((folder) => `${folder}/${plugin}`).find(isExecutable);
  if (file !== undefined) return file;
  throw new FairwayError(
    "missingTool",
    `the IPAM plugin ${plugin} (ipam.type) is in no folder of CNI_PATH (${path.join(":") || "empty"})`,
    "install it beside fairway, or set ipam.type to fairway",
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const shown = (text: string): string =>
  text.length <= shownLength ? text : `${text.slice(0, shownLength)}...`;

/** Where the plugin printed an error of its own (CNI SPEC 1.1.0, "Error"), it is kept as it stands. */
function failureOf(plugin: string, verb: string, exit: string, stdout: string, stderr: string) {
  const error = parsed(stdout);
  if (typeof error === "object" && error !== null) {
    const { code, msg, details } = error as Record<string, unknown>;
    if (typeof code === "number" && typeof msg === "string")
      return new FairwayError(
        "delegateFailed",
        msg === "" ? `the IPAM plugin ${plugin} gave no word of why its ${verb} failed` : msg,
        typeof details === "string" && details !== "" ? details : undefined,
        { code },
      );
  }
  const said = shown((stdout.trim() || stderr.trim()).replaceAll(/\s+/g, " "));
  return new FairwayError(
    "delegateFailed",
    `the IPAM plugin ${plugin} failed at ${verb} (${exit}) without an error of its own${said === "" ? "" : `: ${said}`}`,
    "look at that plugin's log; fairway does nothing without its addresses",
  );
}

/** Runs the plugin, and returns what it printed. Throws its error, missingTool, delegateFailed. */
export function callDelegate(delegate: Delegate, call: DelegateCall): string {
  const { plugin, stdin } = delegate;
  const timeLimitMs = call.timeLimitMs ?? defaultTimeLimitMs;
  const done = runPlugin(findPlugin(delegate), {
    stdin,
    env: { ...call.env, CNI_COMMAND: call.verb },
    timeLimitMs,
  });
  // Its stderr is passed on as it came, before any word of ours (CNI SPEC 1.1.0, section 4).
  if (done.stderr !== "") writeSync(2, done.stderr);
  if (done.timedOut)
    throw new FairwayError(
      "delegateFailed",
      `the IPAM plugin ${plugin} did not end its ${call.verb} within ${timeLimitMs / 1000} s, and was killed`,
      "look at that plugin's log, and at the server that it asks",
    );
  if (done.exit !== "exit code 0")
    throw failureOf(plugin, call.verb, done.exit, done.stdout, done.stderr);
  return done.stdout;
}

/** The same error, with what went wrong when its addresses were given back. */
function withFailedRelease(error: unknown, plugin: string, second: unknown): unknown {
  if (!(error instanceof FairwayError)) return error;
  const note = `${plugin} could not take its addresses back: ${messageOf(second)}; the runtime's DEL tries again`;
  const details = error.details === undefined ? note : `${error.details}; ${note}`;
  const code = error.isForeign ? { code: error.code } : {};
  return new FairwayError(error.kind, error.message, details, { cause: error, ...code });
}

/**
 * Calls the plugin's ADD, and `use` with what it printed. If either fails, the plugin's DEL is called,
 * because it may have given an address.
 */
export function withDelegateAdd<T>(
  delegate: Delegate,
  use: (stdout: string) => T,
  timeLimitMs = defaultTimeLimitMs,
): T {
  let mayHold = false;
  try {
    let stdout: string;
    try {
      stdout = callDelegate(delegate, { verb: "ADD", timeLimitMs });
    } catch (error) {
      mayHold = !isMissing(error);
      throw error;
    }
    mayHold = true;
    return use(stdout);
  } catch (error) {
    // A pod that still has the address keeps it. Whoever removes the pod gives it back.
    if (!mayHold || error instanceof LeftBehind) throw error;
    try {
      callDelegate(delegate, { verb: "DEL" });
    } catch (second) {
      throw withFailedRelease(error, delegate.plugin, second);
    }
    throw error;
  }
}

/**
 * Only a plugin that was never run has surely done nothing (CNI SPEC 1.1.0, section 4: a failed ADD is
 * followed by a DEL).
 */
function isMissing(error: unknown): boolean {
  return error instanceof FairwayError && error.kind === "missingTool";
}
