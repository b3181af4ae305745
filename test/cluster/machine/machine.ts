/**
 * A machine of a cluster: network, mount, process, control group, host name and IPC namespaces of its own, with
 * a disk that stays from one boot to the next. All that was started in it dies with it, and it dies with the
 * process that made it.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, minimalEnvironment } from "../../../src/ops/child.ts";
import { until } from "../../support/until.ts";
import { must, type RunOptions, run } from "../run.ts";
import { type End, plug, unplug } from "../wire.ts";
import { groupsNamed, makeGroups, removeGroups } from "./groups.ts";

export interface Part {
  name: string;
  argv: readonly string[];
}

export interface Machine {
  name: string;
  address: string;
  /** Its network, as `ip netns` names it. */
  namespace: string;
  /** The argument vector that runs a command on it. */
  inside(argv: readonly string[]): string[];
  run(argv: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** Must succeed; what it printed. */
  must(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** Where a path of it is seen from outside. */
  path(path: string): string;
  /** A folder of its disk, which has the same path inside and outside. */
  disk: string;
  start(part: Part): Promise<void>;
  signal(part: string, signal: string): Promise<void>;
  /** Sends a signal to a part and waits until it has ended. */
  end(part: string, signal: string): Promise<void>;
  isRunning(part: string): boolean;
  /** What a part said, since the cluster was made. */
  log(part: string): string;
  boot(): Promise<void>;
  /** As by the power switch. */
  off(): void;
}

export interface MachineOptions {
  name: string;
  /** Of its namespace and its control groups. */
  stem: string;
  wire: string;
  address: string;
  /** May get more lines; each boot takes them as they are then. */
  routes: readonly string[];
  /** A folder for its disk. */
  disk: string;
  logs: string;
  /** Folders of programs, before the usual ones. */
  path: readonly string[];
}

/** Ended, also where nobody has asked for its exit code yet. */
const hasEnded = (pid: string): boolean => {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
};

function waitForEnd(pid: string): void {
  const deadlineMs = performance.now() + 20_000;
  while (!hasEnded(pid)) {
    if (performance.now() > deadlineMs) throw new Error(`process ${pid} does not end`);
    Bun.sleepSync(10);
  }
}

/**
 * Joins the machine's control groups, starts the part, and says which number it has. It stays as the part's parent:
 * nsenter in that place would stand still with a part that is stopped, and not hear of its end afterwards.
 */
const bear = `while read -r procs; do echo $$ >"$procs"; done </run/joins
pid=$1 log=$2 && shift 2 && cd / || exit
"$@" >>"$log" 2>&1 </dev/null &
echo $! >"$pid" && wait`;

/** Joins groups before the namespaces are made, since what a process is in then is what they begin with. */
const enter = `exec >>"$1" 2>&1; shift
while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done
shift && exec "$@"`;

export function machineOf(options: MachineOptions): Machine {
  const { name, stem, wire, address, disk, logs } = options;
  const namespace = `${stem}-${name}`;
  const end: End = { name, namespace, address, routes: options.routes };
  const groups = groupsNamed(namespace);
  const environment = (): Record<string, string> => ({
    LC_ALL: "C",
    PATH: [...options.path, minimalEnvironment().PATH, "/usr/sbin", "/sbin"].join(":"),
  });
  /** The process that made the namespaces, and the first one in them. */
  let maker: Bun.Subprocess | null = null;
  let first = "";
  /** Since the last boot: another boot gives the same numbers to others. */
  const started = new Set<string>();

  const pidFile = (part: string): string => join(disk, `${part}.pid`);
  const logFile = (part: string): string => join(logs, `${part}.log`);
  const path: Machine["path"] = (inside) => `/proc/${first}/root${inside}`;
  const pidOf = (part: string): string =>
    started.has(part) && existsSync(pidFile(part))
      ? readFileSync(pidFile(part), "utf8").trim()
      : "";
  const isRunning: Machine["isRunning"] = (part) => {
    const pid = pidOf(part);
    return first !== "" && pid !== "" && existsSync(path(`/proc/${pid}`));
  };
  const inside: Machine["inside"] = (argv) => {
    if (first === "") throw new Error(`${name} is off`);
    return [
      ...["nsenter", "--target", first, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"],
      ...["--wd=/", ...argv],
    ];
  };
  const withEnvironment = (given: RunOptions = {}): RunOptions => ({
    ...given,
    env: { ...environment(), ...given.env },
  });

  const machine: Machine = {
    ...{ name, address, namespace, disk, path, inside, isRunning },
    run: (argv, given) => run(inside(argv), withEnvironment(given)),
    must: (argv, given) => must(inside(argv), withEnvironment(given)),
    start: async ({ name: part, argv }) => {
      if (isRunning(part)) throw new Error(`${part} runs on ${name} already`);
      rmSync(pidFile(part), { force: true });
      started.add(part);
      // What a terminal sends to the tests is not for it.
      Bun.spawn(
        [...["setsid", ...inside(["sh", "-c", bear, "sh", pidFile(part), logFile(part)])], ...argv],
        { env: environment(), stdin: "ignore", stdout: "ignore", stderr: "ignore" },
      );
      await until(`${part} was started on ${name}`, () => pidOf(part) !== "");
    },
    signal: async (part, signal) => {
      await machine.must(["kill", `-${signal}`, pidOf(part)]);
    },
    end: async (part, signal) => {
      await machine.signal(part, signal);
      await until(`${part} has ended on ${name}`, () => !isRunning(part));
    },
    log: (part) => (existsSync(logFile(part)) ? readFileSync(logFile(part), "utf8") : ""),
    boot: async () => {
      mkdirSync(disk, { recursive: true });
      mkdirSync(logs, { recursive: true });
      rmSync(join(disk, "ready"), { force: true });
      plug(wire, { ...end, routes: options.routes });
      makeGroups(groups);
      const child = Bun.spawn(
        [
          ...["setsid", "sh", "-c", enter, "sh", logFile("boot"), ...groups, "--"],
          ...["nsenter", `--net=/run/netns/${namespace}`],
          ...["setpriv", "--pdeathsig", "KILL"],
          ...["unshare", "--cgroup", "--uts", "--ipc", "--pid", "--fork", "--kill-child"],
          ...["--mount", "--propagation=private", "--mount-proc"],
          ...["sh", join(import.meta.dir, "boot.sh"), disk, name],
        ],
        { env: environment(), stdin: "ignore", stdout: "ignore", stderr: "ignore" },
      );
      maker = child;
      await until(`${name} has booted`, () => {
        if (child.exitCode !== null) throw new Error(`boot.sh ended: ${machine.log("boot")}`);
        first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
        return existsSync(join(disk, "ready"));
      });
    },
    off: () => {
      const [wasMaker, wasFirst] = [maker, first];
      [maker, first] = [null, ""];
      started.clear();
      if (wasMaker !== null) {
        wasMaker.kill("SIGKILL");
        if (wasFirst !== "") waitForEnd(wasFirst);
        waitForEnd(String(wasMaker.pid));
      }
      unplug(wire, end);
      removeGroups(groups);
    },
  };
  return machine;
}
