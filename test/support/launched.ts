/** Launcher and full executable in a folder, as a node has them, and an agent that is kept alive. */
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary, repository } from "./binary.ts";
import { listenTo, type NotifySocket } from "./notify-socket.ts";
import { until } from "./until.ts";

const dist = join(repository, "dist");

/** `patient` has no deadline that a machine with other work could miss. */
export type LauncherBuild = "shipped" | "patient";

const launcherFile = (build: LauncherBuild): string =>
  build === "shipped"
    ? join(dist, "fairway-launcher-x64")
    : join(dist, "test-tools/launcher-patient-x64");

const tellingFull = join(dist, "test-tools/launcher-telling-full");

/** Why a launcher became the full executable: no-agent, declined, timeout, broken ... */
interface FellBack {
  reason: string;
  verb: string;
  containerId: string;
}

export interface LauncherPlace extends Disposable {
  /** Into the node's network namespace, with the same mounts each time, as processes of a node have them. */
  enter(argv: readonly string[]): string[];
  folder: string;
  launcher: string;
  ipam: string;
  socket: string;
  /** Each time a full executable ran in a launcher's place since this was last asked. */
  fellBack(): FellBack[];
  /** By renaming a new file, as `install` does it. */
  replaceLauncher(build: LauncherBuild): void;
  replaceFull(file: string): void;
}

/** A process that does nothing, in whose namespaces others run. */
async function keeperIn(namespace: string): Promise<Bun.Subprocess> {
  const keeper = Bun.spawn(insideNamespace(namespace, ["sh", "-c", "echo; exec sleep infinity"]), {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await keeper.stdout.getReader().read();
  return keeper;
}

export async function placeLauncher(
  namespace: string,
  { full = binary, build = "shipped" }: { full?: string; build?: LauncherBuild } = {},
): Promise<LauncherPlace> {
  for (const file of [launcherFile(build), tellingFull])
    if (!existsSync(file))
      throw new Error(`${file} is not built: run scripts/build-launcher tests`);
  const folder = mkdtempSync(join(tmpdir(), "fairway-launched-"));
  const at = (name: string): string => join(folder, name);
  const socket = at("run/agent.sock");
  const reasons = at("fairway-full.reasons");
  const renamed = (name: string, make: (file: string) => void): void => {
    make(at(`${name}.new`));
    renameSync(at(`${name}.new`), at(name));
  };
  const replaceLauncher = (next: LauncherBuild): void =>
    renamed("fairway", (file) => copyFileSync(launcherFile(next), file));
  const replaceFull = (file: string): void =>
    renamed("fairway-full.real", (to) => symlinkSync(file, to));
  mkdirSync(at("run"), { mode: 0o700 });
  replaceLauncher(build);
  replaceFull(full);
  symlinkSync("fairway", at("fairway-ipam"));
  copyFileSync(tellingFull, at("fairway-full"));
  writeFileSync(at("agent.socket-path"), `${socket}\n`);
  writeFileSync(reasons, "", { mode: 0o600 });
  const keeper = await keeperIn(namespace);
  let read = 0;
  return {
    ...{ folder, socket, replaceLauncher, replaceFull },
    enter: (argv) => ["nsenter", "-t", String(keeper.pid), "-m", "-n", ...argv],
    launcher: at("fairway"),
    ipam: at("fairway-ipam"),
    fellBack: () => {
      const lines = readFileSync(reasons, "utf8").split("\n").slice(0, -1);
      const fresh = lines.slice(read);
      read = lines.length;
      return fresh.map((line) => {
        const [reason = "", verb = "", containerId = ""] = line.split("\t");
        return { reason, verb, containerId };
      });
    },
    [Symbol.dispose]: () => {
      keeper.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As the unit of `install --agent` has them. */
const restartAfterMs = 100;
const watchdogMs = 5_000;
const lookEachMs = 20;
/** Between two looks of a process that is let run. */
const longGapMs = 500;

export interface SupervisedOptions {
  /** Asked at each start: another one may have taken its place. */
  executable: () => string;
  place: LauncherPlace;
  dataDir: string;
  env?: Record<string, string>;
  options?: string[];
  /** Without a watchdog nobody looks for signs of life. */
  watches?: boolean;
}

/**
 * An agent that is started again whenever it ends, and killed when it gives no sign of life, as systemd does
 * it with Type=notify, Restart=always and WatchdogSec.
 */
export class Supervised implements AsyncDisposable {
  readonly #options: SupervisedOptions;
  readonly #notify: { path: string; socket: NotifySocket } | null;
  readonly #logFile: string;
  #child: Bun.Subprocess | null = null;
  #isServing = false;
  #isStopped = false;
  /** The watchdog has killed it, and it has not ended yet. */
  #isGivenUp = false;
  #aliveAtMs = 0;
  #lookedAtMs = 0;
  #running: Promise<void> = Promise.resolve();
  readonly counts = { started: 0, killedByWatchdog: 0 };

  constructor(options: SupervisedOptions) {
    this.#options = options;
    const { place, watches = false } = options;
    this.#logFile = join(place.folder, "agent.log");
    const path = join(place.folder, "notify");
    this.#notify = watches ? { path, socket: listenTo(path) } : null;
  }

  get pid(): number {
    if (this.#child === null) throw new Error("the agent does not run");
    return this.#child.pid;
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  /** What all agents so far wrote to their stderr. */
  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, "utf8") : "";
  }

  async start(): Promise<void> {
    this.#running = this.#keepAlive();
    await this.serving();
  }

  /** Until an agent serves that has not ended meanwhile. */
  async serving(): Promise<void> {
    // What has ended is only known after the event loop has turned.
    await Bun.sleep(1);
    await until("an agent serves", () => this.#isServing);
  }

  /** To the agent that runs now, if there is one. */
  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  #spawn(): Bun.Subprocess {
    const { executable, place, dataDir, env = {}, options = [] } = this.#options;
    const argv = [executable(), "agent", "--socket", place.socket, "--data-dir", dataDir];
    const notifying = this.#notify && {
      NOTIFY_SOCKET: this.#notify.path,
      WATCHDOG_USEC: String(watchdogMs * 1000),
    };
    const log = openSync(this.#logFile, "a", 0o600);
    try {
      return Bun.spawn(place.enter([...argv, ...options]), {
        stdio: ["ignore", "ignore", log],
        env: { PATH: process.env.PATH ?? "", LC_ALL: "C", ...notifying, ...env },
        onExit: () => {
          this.#isServing = false;
        },
      });
    } finally {
      closeSync(log);
    }
  }

  async #keepAlive(): Promise<void> {
    while (!this.#isStopped) {
      const from = this.log().length;
      const child = this.#spawn();
      this.#child = child;
      this.counts.started += 1;
      this.#aliveAtMs = performance.now();
      this.#lookedAtMs = this.#aliveAtMs;
      this.#isGivenUp = false;
      while (child.exitCode === null && child.signalCode === null) {
        await Promise.race([child.exited, Bun.sleep(lookEachMs)]);
        if (this.#isStopped) child.kill("SIGKILL");
        else this.#look(child, from);
      }
      this.#isServing = false;
      if (!this.#isStopped) {
        appendFileSync(this.#logFile, `ended: ${child.signalCode ?? child.exitCode}\n`);
        await Bun.sleep(restartAfterMs);
      }
    }
  }

  /** While this process was not let run, it could hear nothing. */
  #silentMs(): number {
    const nowMs = performance.now();
    const unheardMs = nowMs - this.#lookedAtMs;
    if (unheardMs > longGapMs) this.#aliveAtMs += Math.min(unheardMs, nowMs - this.#aliveAtMs);
    this.#lookedAtMs = nowMs;
    return nowMs - this.#aliveAtMs;
  }

  #look(child: Bun.Subprocess, from: number): void {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (this.#notify === null) {
      this.#isServing ||= !hasEnded && this.log().slice(from).includes('"serving verbs"');
      return;
    }
    const silentMs = this.#silentMs();
    const told = this.#notify.socket.heard();
    if (told.length > 0) this.#aliveAtMs = performance.now();
    if (!hasEnded && told.includes("READY=1")) this.#isServing = true;
    if (told.length > 0 || silentMs + lookEachMs <= watchdogMs || hasEnded || this.#isGivenUp)
      return;
    this.#isGivenUp = true;
    this.counts.killedByWatchdog += 1;
    child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#child?.kill("SIGKILL");
    await this.#running;
    this.#notify?.socket[Symbol.dispose]();
  }
}
