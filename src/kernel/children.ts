/**
 * The tools that Fairway runs. They are searched for, and they get a minimal environment and a time limit.
 * execa would cost a verb more than its whole start (decision 33).
 */
import { accessSync, constants } from "node:fs";
import { effect } from "../effect.ts";
import { FairwayError, messageOf } from "../errors.ts";
import { nameOf } from "../paths.ts";
import { toolHung, toolPatienceMs } from "../patience.ts";

export type Tool = "ip" | "tc" | "nft";
/** Only `doctor` runs these, and only where they are installed. */
export type OthersTool = "iptables-legacy" | "ip6tables-legacy";

/** The folders in which distributions put them. A runtime's PATH often lacks the sbin folders. */
const usualFolders = [
  "/usr/sbin",
  "/sbin",
  "/usr/bin",
  "/bin",
  "/usr/local/sbin",
  "/usr/local/bin",
];
export const packages: Record<Tool | OthersTool, string> = {
  ip: "iproute2",
  tc: "iproute2",
  nft: "nftables",
  "iptables-legacy": "iptables",
  "ip6tables-legacy": "iptables",
};
/** A tool that hangs must not hang the runtime. A tool's kernel calls normally take milliseconds. */
const timeLimitMs = 20_000;

const found = new Map<Tool | OthersTool | "cat", string>();

/** A tool may be installed or removed between two verbs of one process, which calls this before each. */
export function forgetTools(): void {
  found.clear();
}

function searched(): string[] {
  const folders = (process.env.PATH ?? "").split(":").filter((f) => f.startsWith("/"));
  return [...folders, ...usualFolders];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** null means that it is in none of the folders. */
export function findToolIfAny(tool: Tool | OthersTool | "cat"): string | null {
  const known = found.get(tool);
  if (known !== undefined) return known;
  const path = searched()
    .map((folder) => `${folder}/${tool}`)
    .find(isProgram);
  if (path === undefined) return null;
  found.set(tool, path);
  return path;
}

export function findTool(tool: Tool | OthersTool): string {
  const path = findToolIfAny(tool);
  if (path !== null) return path;
  throw new FairwayError(
    "missingTool",
    `${tool} is in none of the folders of PATH`,
    `install ${packages[tool]} on the node, or give its folder in PATH (searched: ${searched().join(", ")})`,
  );
}

const handedOn = new Set<number>();

/**
 * Every tool gets this descriptor too, until it is disposed of. So a lock on it stays while a tool that
 * outlives us is still working.
 */
export function handOn(fd: number): Disposable {
  handedOn.add(fd);
  return { [Symbol.dispose]: () => handedOn.delete(fd) };
}

type Child = ReturnType<typeof Bun.spawnSync>;

const textOf = (output: Child["stdout"]): string => output?.toString() ?? "";

/** Throws io where it cannot be started. In that case it did nothing. */
function started(what: string, spawn: () => Child): Child {
  try {
    return effect("child", what, spawn);
  } catch (error) {
    throw new FairwayError(
      "io",
      `cannot start ${what}: ${messageOf(error)}`,
      "see whether the node is out of memory or of processes (dmesg, ulimit -u, pids.max of the control group), then try again",
      { cause: error },
    );
  }
}

export interface Finished {
  ok: boolean;
  stdout: string;
  stderr: string;
}

/**
 * Throws missingTool, io for what cannot be started, and tryAgain for what was ended at its time limit or by
 * a signal. In the last case it may have done all that it was asked for, some of it, or nothing.
 */
export function runTool(
  tool: Tool | OthersTool,
  args: string[],
  input = "",
  usualLimitMs: number = timeLimitMs,
): Finished {
  const path = findTool(tool);
  const what = [tool, ...args].join(" ");
  const limitMs = toolPatienceMs(usualLimitMs);
  const done = started(what, () =>
    Bun.spawnSync({
      cmd: [path, ...args],
      stdio: [Buffer.from(input), "pipe", "pipe", ...handedOn],
      cwd: "/",
      env: { LC_ALL: "C", PATH: usualFolders.join(":") },
      timeout: limitMs,
      killSignal: "SIGKILL",
    }),
  );
  if (done.exitedDueToTimeout === true) {
    const late = `${what} did not end within ${limitMs / 1000} s`;
    toolHung(late);
    throw new FairwayError(
      "tryAgain",
      late,
      "look for a process that holds the kernel's network lock (ps, /proc/PID/stack), then try again",
    );
  }
  if (done.signalCode !== undefined)
    throw new FairwayError(
      "tryAgain",
      `${what} was ended by ${done.signalCode}`,
      "the kernel's log tells if it was short of memory (dmesg); then try again",
    );
  return {
    ok: done.exitCode === 0,
    stdout: textOf(done.stdout),
    stderr: textOf(done.stderr).trim(),
  };
}

export interface PluginRun {
  stdin: string;
  /** These override the CNI_* variables that the runtime gave us. */
  env: Record<string, string>;
  timeLimitMs: number;
}

export interface PluginEnded {
  timedOut: boolean;
  /** How the plugin ended: "exit code 0", "signal SIGSEGV". */
  exit: string;
  stdout: string;
  stderr: string;
}

/** Runs another CNI plugin, in the environment of the verb that we were called with. */
export function runPlugin(
  file: string,
  { stdin, env, timeLimitMs: limitMs }: PluginRun,
): PluginEnded {
  const cni = Object.entries(process.env).filter(([name]) => name.startsWith("CNI_"));
  const folders = [process.env.PATH ?? "", ...usualFolders].filter((f) => f !== "");
  const done = started(nameOf(file), () =>
    Bun.spawnSync({
      cmd: [file],
      stdin: Buffer.from(stdin),
      stdout: "pipe",
      stderr: "pipe",
      cwd: "/",
      env: { LC_ALL: "C", PATH: folders.join(":"), ...Object.fromEntries(cni), ...env },
      timeout: limitMs,
      killSignal: "SIGKILL",
    }),
  );
  return {
    timedOut: done.exitedDueToTimeout === true,
    exit:
      done.signalCode === undefined ? `exit code ${done.exitCode}` : `signal ${done.signalCode}`,
    stdout: textOf(done.stdout),
    stderr: textOf(done.stderr),
  };
}
