/** What a cluster leaves whose process was killed: names in the kernel and a folder, no process. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delNamespace, listNamespaces } from "../../src/prove/lab/namespaces.ts";
import { groupNames, groupsNamed, removeGroups } from "./machine/groups.ts";
import { ownerOf } from "./names.ts";

const namesOfAll = (): string[] => [
  ...listNamespaces(),
  ...groupNames(),
  ...readdirSync(tmpdir()).filter((name) => existsSync(join(tmpdir(), name))),
];

/** The processes that have, or had, a cluster, with what is there of it. */
function owned(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const name of new Set(namesOfAll())) {
    const pid = ownerOf(name);
    if (pid !== null) found.set(pid, [...(found.get(pid) ?? []), name]);
  }
  return found;
}

const lives = (pid: number): boolean => existsSync(`/proc/${pid}`);

function remove(names: readonly string[]): void {
  for (const name of names) {
    delNamespace(name);
    removeGroups(groupsNamed(name));
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Removes what dead ones have left. The processes that have a cluster now. */
export function sweep(): number[] {
  const all = owned();
  for (const [pid, names] of all) if (!lives(pid)) remove(names);
  return [...all.keys()].filter(lives);
}

export const refusalOf = (pid: number): string =>
  `process ${pid} has a cluster up, and the machine is to have one at a time: wait for its end, or end it`;

/** All that there is of this process's. */
export function removeOwn(): void {
  remove(owned().get(process.pid) ?? []);
}
