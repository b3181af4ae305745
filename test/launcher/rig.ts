/** A launcher in a folder of its own, with a stand-in for the full executable beside it. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dist = join(import.meta.dir, "../../dist");
const tools = join(dist, "test-tools");
const emulator = join(tools, "debian/usr/bin/qemu-aarch64-static");

/**
 * `shipped` has the deadlines of what is installed, `patient` none that a slow machine could miss, and
 * `hasty` waits 0.3 s for an answer after the agent has accepted.
 */
export type Build = "shipped" | "patient" | "hasty";

/** A way to run a launcher. */
export interface Way {
  name: string;
  file: (build: Build) => string;
  /** What stands before the launcher's path. */
  command: (folder: string) => string[];
  /** What is there to be said against the run, once it is over. */
  complaints: (folder: string) => string;
}

const x64File = (build: Build): string =>
  build === "shipped" ? join(dist, "fairway-launcher-x64") : join(tools, `launcher-${build}-x64`);

const x64: Way = {
  name: "x64",
  file: x64File,
  command: () => [],
  complaints: () => "",
};

const arm64: Way = {
  name: "arm64",
  file: (build) => x64File(build).replace(/x64$/, "arm64"),
  command: () => [emulator],
  complaints: () => "",
};

/** What gcc's sanitizers find is on stderr, and the exit code is another one. */
const sanitized: Way = {
  name: "sanitized",
  file: (build) => join(tools, `launcher-${build}-sanitized`),
  command: () => [],
  complaints: () => "",
};

/** Of a static program, valgrind sees the kernel's calls and what was never set; there is no heap in ours. */
const valgrind: Way = {
  name: "valgrind",
  file: x64File,
  command: (folder) => ["valgrind", "-q", `--log-file=${join(folder, "valgrind.log")}`],
  complaints: (folder) => readFileSync(join(folder, "valgrind.log"), "utf8"),
};

export const ways: readonly Way[] = [x64, arm64, sanitized, valgrind];

for (const way of ways) {
  if (!existsSync(way.file("patient")))
    throw new Error(`${way.file("patient")} is not built: run scripts/build-launcher tests`);
}

/** Why a way cannot be gone here, or null. */
export function missingFor(way: Way): string | null {
  const [program] = way.command("");
  return program === undefined || Bun.which(program) !== null
    ? null
    : `${program} is missing: scripts/build-launcher tests fetches it`;
}

export interface Ran {
  exit: number | null;
  signal: NodeJS.Signals | number | null;
  stdout: Buffer;
  stderr: string;
  /** What the full executable saw, where it ran. */
  full: Full | null;
  complaints: string;
}

interface Full {
  argv: string[];
  environment: string[];
  stdin: Buffer;
  files: string;
  sigpipe: string;
  /** FAIRWAY_FELL_BACK. */
  reason: string | null;
}

interface Call {
  /** It lies in the rig's folder. */
  name?: string;
  argv0?: string;
  args?: string[];
  environment?: Record<string, string>;
  stdin?: Uint8Array | number | "pipe" | "ignore";
  /** Does something while the launcher runs, such as to write to its stdin. */
  meanwhile?: (child: Bun.Subprocess<"pipe", "pipe", "pipe">) => unknown;
  /** What stands before everything else, such as a shell that closes a descriptor. */
  through?: string[];
}

export interface Rig {
  folder: string;
  socket: string;
  run: (call?: Call) => Promise<Ran>;
}

const listed = (bytes: Buffer): string[] => bytes.toString().split("\0").slice(0, -1);

function fullIn(folder: string): Full | null {
  const read = (what: string): Buffer => readFileSync(join(folder, `fairway-full.${what}`));
  if (!existsSync(join(folder, "fairway-full.stdin"))) return null;
  const environment = listed(read("environment"));
  const marks = environment.filter((entry) => entry.startsWith("FAIRWAY_FELL_BACK="));
  return {
    argv: listed(read("argv")),
    environment,
    stdin: read("stdin"),
    files: read("files").toString().trim(),
    sigpipe: read("sigpipe").toString(),
    reason: marks.length === 0 ? null : marks.map((mark) => mark.split("=")[1]).join(),
  };
}

export const defaultStdin = Buffer.from('{"cniVersion": "1.0.0", "name": "n", "type": "fairway"}');

export async function withRig(
  use: (rig: Rig) => Promise<void>,
  { build = "patient", way = x64 }: { build?: Build; way?: Way } = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fairway-launcher-"));
  const socket = join(folder, "agent.sock");
  try {
    copyFileSync(way.file(build), join(folder, "fairway"));
    symlinkSync("fairway", join(folder, "fairway-ipam"));
    copyFileSync(join(tools, "launcher-stand-in"), join(folder, "fairway-full"));
    writeFileSync(join(folder, "agent.socket-path"), `${socket}\n`);
    await use({ folder, socket, run: (call) => run(folder, way, call ?? {}) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(folder: string, way: Way, call: Call): Promise<Ran> {
  const path = join(folder, call.name ?? "fairway");
  const command = [...(call.through ?? []), ...way.command(folder), path, ...(call.args ?? [])];
  const child = Bun.spawn(command, {
    ...(call.argv0 !== undefined && { argv0: call.argv0 }),
    env: call.environment ?? { CNI_COMMAND: "ADD" },
    stdin: (call.stdin ?? defaultStdin) as "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  await call.meanwhile?.(child);
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).arrayBuffer(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return {
    exit: child.exitCode,
    signal: child.signalCode,
    stdout: Buffer.from(stdout),
    stderr,
    full: fullIn(folder),
    complaints: way.complaints(folder),
  };
}
