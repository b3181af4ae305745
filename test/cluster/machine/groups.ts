/** The control groups of a machine: one in each hierarchy, below the group that this process is in. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

const root = "/sys/fs/cgroup";

/** Version 2 alone: its groups hand out controllers from the top only, past groups with processes in them. */
const isVersion2 = (): boolean => existsSync(join(root, "cgroup.controllers"));

/** A line is "4:memory:/some/group", "9:name=systemd:/" or, of version 2, "0::/some/group". */
export function groupsNamed(name: string): string[] {
  if (isVersion2()) return [join(root, name)];
  const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [, controllers = "", path = ""] = line.split(":");
    return controllers === "" ? [] : [join(root, controllers.replace("name=", ""), path, name)];
  });
}

export function makeGroups(folders: readonly string[]): void {
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    // A new group of this hierarchy has none, and takes no process then.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const own = join(folder, file);
      if (!isVersion2() && existsSync(own))
        writeFileSync(own, readFileSync(join(dirname(folder), file)));
    }
  }
}

function removeGroup(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(folder, entry.name));
  rmdirSync(folder);
}

const limitMs = 10_000;

/** What lived in them was killed, which takes the kernel a moment. */
export function removeGroups(folders: readonly string[]): void {
  const deadlineMs = performance.now() + limitMs;
  for (const folder of folders)
    for (;;)
      try {
        removeGroup(folder);
        break;
      } catch (error) {
        if (performance.now() > deadlineMs) throw error;
        Bun.sleepSync(20);
      }
}

/** The names of the groups that lie where those of a machine do. */
export function groupNames(): string[] {
  const places = groupsNamed("x").map(dirname);
  return [...new Set(places.flatMap((place) => (existsSync(place) ? readdirSync(place) : [])))];
}
