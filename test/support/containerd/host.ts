/**
 * Namespaces in which a container runtime can do what it likes: processes, mounts and /run, /var/lib of
 * its own, on the network of a lab's node. All that was started in them dies with them.
 */
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, minimalEnvironment } from "../../../src/ops/child.ts";
import { namespacePath } from "../../../src/prove/lab/namespaces.ts";
import { type LabOptions, run } from "../../../src/prove/lab/run.ts";

export interface Host {
  /** The argument vector that runs a command in these namespaces. */
  inside(argv: readonly string[]): string[];
  run(argv: readonly string[], options?: LabOptions): CommandResult;
  /** Where the containers' control groups go. */
  cgroupParent: string;
  remove(): Promise<void>;
}

/**
 * A /sys that shows the node's interfaces, with the machine's control groups kept in it. `wait` in the
 * first process takes up the orphans of this process namespace.
 */
const setUp = `set -e
mount -t tmpfs none /run
mkdir /run/netns /run/cgroup
mount --rbind /sys/fs/cgroup /run/cgroup
mount -t sysfs none /sys
mount --rbind /run/cgroup /sys/fs/cgroup
umount -l /run/cgroup
mount -t tmpfs none /var/lib
mkdir /var/lib/cni
echo ready
sleep 86400 & wait
`;

const cgroups = "/sys/fs/cgroup";

/** A control group's files cannot be removed, its folder can, once nothing lives in it. */
function removeGroup(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(folder, entry.name));
  rmdirSync(folder);
}

function removeGroups(name: string): void {
  // Version 1: a hierarchy per folder. Version 2: one, on the mount itself.
  const folders = [".", ...readdirSync(cgroups)];
  for (const folder of folders) removeGroup(join(cgroups, folder, name));
}

export async function makeHost(node: string): Promise<Host> {
  const group = `${node}-pods`;
  const child = Bun.spawn(
    [
      "nsenter",
      `--net=${namespacePath(node)}`,
      "unshare",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount",
      "--propagation=private",
      "--mount-proc",
      "sh",
      "-c",
      setUp,
    ],
    { env: minimalEnvironment(), stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const { value } = await child.stdout.getReader().read();
  if (new TextDecoder().decode(value) !== "ready\n") {
    child.kill();
    throw new Error(`the runtime's namespaces: ${await new Response(child.stderr).text()}`);
  }
  const own = `/proc/${child.pid}/ns`;
  const inside = (argv: readonly string[]): string[] => [
    "nsenter",
    `--net=${own}/net`,
    `--pid=${own}/pid_for_children`,
    `--mount=${own}/mnt`,
    ...argv,
  ];
  return {
    inside,
    run: (argv, options) => run(inside(argv), options),
    cgroupParent: `/${group}`,
    remove: async () => {
      child.kill("SIGKILL");
      await child.exited;
      // The kernel ends the processes of the namespace after its first one.
      for (let attempt = 0; ; attempt += 1) {
        try {
          removeGroups(group);
          return;
        } catch (error) {
          if (attempt === 100) throw error;
          await Bun.sleep(50);
        }
      }
    },
  };
}
