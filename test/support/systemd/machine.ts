/**
 * A real systemd on a lab's node: the first process of a process namespace of its own, with mounts and control
 * groups of its own. All that was started in it dies with it.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, minimalEnvironment } from "../../../src/ops/child.ts";
import { namespacePath } from "../../../src/prove/lab/namespaces.ts";
import { type LabOptions, run } from "../../../src/prove/lab/run.ts";
import { until } from "../until.ts";

export interface Machine {
  /** The argument vector that runs a command on it, as a runtime there would. */
  inside(argv: readonly string[]): string[];
  run(argv: readonly string[], options?: LabOptions): CommandResult;
  /** Must succeed. */
  must(...argv: string[]): string;
  /** One of a unit's properties. */
  property(unit: string, name: string): string;
  /** Where a path of it is seen from outside. */
  path(path: string): string;
}

/** Where the version 2 hierarchy is mounted, which may be beside those of version 1. */
function cgroups(): string {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  const mounted = mounts.map((line) => line.split(" ")).find(([, , type]) => type === "cgroup2");
  if (mounted?.[1] === undefined) throw new Error("no cgroup2 is mounted");
  return mounted[1];
}

/** What lived in it was killed, which takes the kernel a moment. */
async function removeGroup(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeGroup(join(folder, entry.name));
  await until(`${folder} is empty`, () => {
    rmdirSync(folder);
    return true;
  });
}

const childOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();

export async function withMachine(
  node: string,
  use: (machine: Machine) => void | Promise<void>,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "fairway-systemd-"));
  const group = join(cgroups(), `${node}-systemd`);
  mkdirSync(group);
  const child = Bun.spawn(
    [
      ...["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', group],
      ...["nsenter", `--net=${namespacePath(node)}`],
      ...["unshare", "--pid", "--fork", "--kill-child", "--cgroup", "--ipc", "--uts"],
      ...["--mount", "--propagation=unchanged"],
      ...["sh", join(import.meta.dir, "boot.sh"), scratch],
    ],
    { env: minimalEnvironment(), stdin: "ignore", stdout: "inherit", stderr: "inherit" },
  );
  try {
    let first = "";
    const inside: Machine["inside"] = (argv) => [
      ...["nsenter", "--target", first, "--mount", "--pid", "--net", "--cgroup", "--ipc", "--uts"],
      ...["--wd=/", ...argv],
    ];
    const machine: Machine = {
      inside,
      run: (argv, options) => run(inside(argv), options),
      must: (...argv) => {
        const { code, stdout, stderr } = run(inside(argv));
        if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr}${stdout}`);
        return stdout;
      },
      property: (unit, name) =>
        machine.must("systemctl", "show", `--property=${name}`, "--value", unit).trim(),
      path: (path) => `/proc/${first}/root${path}`,
    };
    await until("systemd runs", () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      first = childOf(child.pid);
      const state = machine.run(["systemctl", "is-system-running"]).stdout.trim();
      return state === "running" || state === "degraded";
    });
    await use(machine);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    await removeGroup(group);
    rmSync(scratch, { recursive: true, force: true });
  }
}
