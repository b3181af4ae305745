/** Renders the chart, where scripts/test has built Helm. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runChild } from "../../src/ops/child.ts";
import { repository } from "../support/binary.ts";

export const chart = join(repository, "charts/fairway");

const version = /^HELM_VERSION=(\S+)$/m.exec(
  readFileSync(join(repository, "scripts/lib.sh"), "utf8"),
)?.[1];
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
export const helm = join(cache, "fairway", `helm-${version}`, "helm");

export const hasHelm = existsSync(helm);

/** Helm keeps nothing of its own in the user's folders. */
export function runHelm(...args: string[]): CommandResult {
  const home = mkdtempSync(join(tmpdir(), "fairway-helm-"));
  try {
    return runChild([helm, ...args], { env: { HOME: home }, timeoutMs: 60_000 });
  } finally {
    rmSync(home, { recursive: true });
  }
}

interface Mount {
  name: string;
  mountPath: string;
  mountPropagation?: string;
  readOnly?: boolean;
}

export interface Container {
  name: string;
  image: string;
  args: string[];
  securityContext: { capabilities: { add: string[] }; privileged?: boolean };
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  volumeMounts: Mount[];
}

export interface PodSpec {
  initContainers: Container[];
  containers: Container[];
  volumes: { name: string; hostPath?: { path: string; type: string } }[];
  [key: string]: unknown;
}

export interface Manifest {
  apiVersion?: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: { resources: string[]; verbs: string[]; resourceNames?: string[] }[];
  webhooks?: Record<string, unknown>[];
  spec?: { template?: { spec: PodSpec } };
}

/** A text may hold one or several. */
export const manifestsIn = (text: string): Manifest[] =>
  [Bun.YAML.parse(text)].flat().filter((each): each is Manifest => each !== null);

export function podIn(manifests: readonly Manifest[]): PodSpec {
  const daemonSet = manifests.find(({ kind }) => kind === "DaemonSet");
  const spec = daemonSet?.spec?.template?.spec;
  if (spec === undefined) throw new Error("there is no DaemonSet");
  return spec;
}

/** Throws with Helm's words where it refuses. */
export function rendered(...options: string[]): Manifest[] {
  const { code, stdout, stderr } = runHelm(
    ...["template", "fairway", chart, "--namespace", "kube-system", ...options],
  );
  if (code !== 0) throw new Error(stderr);
  return manifestsIn(stdout);
}
