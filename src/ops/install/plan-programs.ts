/**
 * Plans the programs that the runtime calls: the launcher with the executable beside it, or the executable
 * alone. It touches nothing.
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { defaultSocket } from "../../agent/protocol.ts";
import { FairwayError } from "../../errors.ts";
import { version } from "../version.ts";
import { ownExecutable, sameBytes, versionOf } from "./executable.ts";
import { entryAt, type FileStep } from "./files.ts";
import { findLauncher, launcherBeside } from "./launcher-file.ts";
import { type FallbackOptions, nodeExecutable } from "./node-executable.ts";
import { fullName, pluginName } from "./places.ts";
import { type OwnedPaths, type ProgramAt, programAt, socketPathAt } from "./present.ts";

export interface ProgramOptions extends FallbackOptions {
  launcher?: string;
  socket?: string;
}

export interface PlannedPrograms {
  steps: FileStep[];
  notes: string[];
  /** The executable's place. */
  executable: string;
  hasLauncher: boolean;
  /** Where the launcher looks for the agent. */
  socket: string;
}

const isExecutable = (path: string): boolean => (fs.statSync(path).mode & 0o111) === 0o111;

function refuseForeign(path: string): never {
  const found = entryAt(path);
  throw new FairwayError(
    "badConfig",
    `${path} is there, and is ${found.kind === "link" ? `a link to ${found.target}` : "no Fairway"}`,
    "it is not overwritten: move it away, or give another --bin-dir",
  );
}

/** The executable in its place, where it is not there already. `there` says whether one is to be replaced. */
function planExecutable(path: string, there: ProgramAt, from: string): FileStep[] {
  const isThere = there === "executable";
  if (isThere && (from === path || sameBytes(from, path)) && isExecutable(path)) return [];
  const words = isThere
    ? `replace ${path} (${versionOf(path)} by ${version})`
    : `write ${path} (${version})`;
  return [{ op: "write", path, mode: 0o755, content: { copyOf: from }, words }];
}

function planLauncher(
  path: string,
  there: ProgramAt,
  from: string,
  canBeTried: boolean,
): FileStep[] {
  if (there === "launcher" && sameBytes(from, path) && isExecutable(path)) return [];
  const words: Record<Exclude<ProgramAt, "foreign">, string> = {
    absent: `write ${path} (the launcher)`,
    launcher: `replace ${path} (the launcher)`,
    executable: `replace ${path} (the executable by the launcher)`,
  };
  return [
    {
      ...{ op: "write", path, mode: 0o755, content: { copyOf: from } },
      // It finds the executable, which is in its place already, beside itself.
      ...(canBeTried ? { proof: { args: ["--version"], says: version } } : {}),
      words: there === "foreign" ? "" : words[there],
    },
  ];
}

/** What the launcher needs to know of a socket that is not the usual one. */
function planSocket(
  path: string,
  asked: string | undefined,
): { socket: string; steps: FileStep[] } {
  const there = socketPathAt(path);
  if (there === "foreign")
    throw new FairwayError(
      "badConfig",
      `${path} is there, and names no socket`,
      "a launcher would not ask the agent: move it away",
    );
  const socket = asked ?? there ?? defaultSocket;
  if (socket === (there ?? defaultSocket)) return { socket, steps: [] };
  if (socket === defaultSocket)
    return { socket, steps: [{ op: "remove", path, words: `remove ${path}` }] };
  const words = `${there === null ? "write" : "replace"} ${path} (${socket})`;
  return {
    socket,
    steps: [{ op: "write", path, mode: 0o644, content: { text: `${socket}\n` }, words }],
  };
}

const openToOthers = 0o077;

/**
 * In a container the socket's folder is a mount, which the kubelet has made with its usual mode. An agent refuses
 * a folder that is open to others.
 */
function planSocketFolder(socket: string): FileStep[] {
  const path = dirname(socket);
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory() || stat.uid !== 0) return [];
  const isNew = fs.readdirSync(path).length === 0;
  if ((stat.mode & openToOthers) === 0 || !isNew) return [];
  return [{ op: "mode", path, mode: 0o700, words: `close ${path} to others` }];
}

const noLauncherTodo = (own: string): string =>
  `it is ${launcherBeside(own)}, or what --launcher names; scripts/build-launcher makes it`;

/** Without a launcher, nothing asks an agent. */
function planAlone(paths: OwnedPaths, options: ProgramOptions, own: string): PlannedPrograms {
  if (options.socket !== undefined)
    throw new FairwayError(
      "badConfig",
      "--socket says where the launcher finds the agent, and there is no launcher",
      noLauncherTodo(own),
    );
  const notes = [
    `there is no launcher (${launcherBeside(own)}), so every verb is a process of the executable itself, which takes longer; give it with --launcher`,
  ];
  // An older version was installed over this layout.
  if (programAt(paths.full) === "executable")
    notes.push(`${paths.full} is there, and without a launcher nobody needs it`);
  return {
    steps: planExecutable(paths.binary, programAt(paths.binary), own),
    notes,
    executable: paths.binary,
    hasLauncher: false,
    socket: defaultSocket,
  };
}

/**
 * The executable comes first, and each file takes its place by a rename. So at every moment what bears the
 * plugin's name can do a verb: it is the executable, or a launcher with an executable beside it. A launcher
 * that is there stays where none is given. Throws badConfig where somebody else's file is in the way.
 */
export function planPrograms(paths: OwnedPaths, options: ProgramOptions): PlannedPrograms {
  const { path: own, notes } = nodeExecutable(options);
  const there = programAt(paths.binary);
  if (there === "foreign") refuseForeign(paths.binary);
  const launcher = findLauncher(options.launcher, own);
  if (launcher === null && there !== "launcher") return planAlone(paths, options, own);
  const fullThere = programAt(paths.full);
  if (fullThere === "foreign" || fullThere === "launcher") refuseForeign(paths.full);
  const isOwn = own === ownExecutable();
  const { socket, steps } = planSocket(paths.socketPath, options.socket);
  return {
    steps: [
      ...planExecutable(paths.full, fullThere, own),
      ...steps,
      // What only the node can run, or nobody, cannot be tried here.
      ...(launcher === null
        ? []
        : planLauncher(paths.binary, there, launcher, isOwn && notes.length === 0)),
      ...planSocketFolder(socket),
    ],
    notes,
    executable: paths.full,
    hasLauncher: true,
    socket,
  };
}

/** Throws badConfig where an agent is wanted and no launcher would ask it. */
export function requireLauncher({ hasLauncher }: PlannedPrograms): void {
  if (hasLauncher) return;
  throw new FairwayError(
    "badConfig",
    "--agent needs the launcher, which asks the agent, and there is no launcher",
    `${noLauncherTodo(ownExecutable())}; it takes the place of ${pluginName}, and the executable is ${fullName} then`,
  );
}
