/** The containerd releases that the tests run, as scripts/test-e2e lays them down. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../src/prove/lab/run.ts";
import { repository } from "../binary.ts";

export interface Release {
  title: string;
  /** The layout of its configuration: 2 up to containerd 1.7, 3 from 2.0 on. */
  configVersion: 2 | 3;
  /** False: what it needs could not be had. */
  present: boolean;
  /** Where its programs are, and those that it calls. First come, first served. */
  path: string[];
  /** Whether it asks plugins for their STATUS (go-cni from 2.0.1 on). */
  asksStatus: boolean;
}

const tools = join(repository, "dist/test-tools");
const debian = join(tools, "debian");
const debianPath = [join(debian, "usr/bin"), join(debian, "usr/sbin")];
/** containerd 1.6 does not bring up `lo` itself, and 2.x looks for the program as well. */
export const loopbackPlugin = join(debian, "usr/lib/cni/loopback");

/** What the program itself says: "containerd NAME VERSION REVISION". */
function versionOf(program: string): string | null {
  return existsSync(program) ? (must([program, "--version"]).split(" ")[2] ?? "") : null;
}

function release(where: string, path: string[]): Release {
  const version = versionOf(join(path[0] ?? "", "containerd"));
  const isOne = version !== null && /^v?1\./.test(version);
  return {
    title: `containerd ${where}${version === null ? "" : `, ${version}`}`,
    configVersion: isOne ? 2 : 3,
    asksStatus: !isOne,
    path,
    present: version !== null,
  };
}

export const releases: readonly Release[] = [
  release("of Debian", debianPath),
  release("2 (needs Go)", [join(tools, "containerd-2"), ...debianPath]),
];
