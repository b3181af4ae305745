/** In which ways the same pods are scheduled. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import { repository } from "../support/binary.ts";
import type { Profiles } from "./scheduler.ts";

export interface Side {
  id: string;
  title: string;
  /** Whether nodes have, and pods request, our resources. */
  isCounted: boolean;
  profiles: Profiles;
}

/** The one that the documents name. */
const mostAllocated = (): Profiles =>
  (
    YAML.parse(readFileSync(join(repository, "conf/cluster/kube-scheduler.yaml"), "utf8")) as {
      profiles: Profiles;
    }
  ).profiles;

export const sides: readonly Side[] = [
  { id: "without", title: "without our resources", isCounted: false, profiles: [] },
  { id: "default", title: "with them", isCounted: true, profiles: [] },
  { id: "most", title: "with them, MostAllocated", isCounted: true, profiles: mostAllocated() },
];
