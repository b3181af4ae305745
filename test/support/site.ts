/** An installation in folders of its own, on a node of its own. */
import { expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { type Lab, withLab } from "../../src/prove/lab/lab.ts";
import { inNamespace, mustInNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { binary } from "./binary.ts";
import { dumpNode } from "./dump.ts";
import { dumpFiles, dumpWhole } from "./whole.ts";

export type Json = Record<string, unknown>;

export interface Site {
  lab: Lab;
  root: string;
  binDir: string;
  confDir: string;
  dataDir: string;
  unitDir: string;
  conf: string;
  /** What the runtime calls. */
  plugin: string;
  /** The executable beside the launcher. */
  full: string;
  /** The options that name the folders, but for the ledger's. */
  folders: string[];
  fairway(executable: string, ...args: string[]): CommandResult;
  install(...args: string[]): CommandResult;
  uninstall(...args: string[]): CommandResult;
  whole(): string;
  /** Without what SQLite keeps beside the ledger while, and after, somebody looks into it. */
  state(): string;
  files(): string;
  network(): string;
  /** The installed plugin, called with the installed conflist, as a runtime does. */
  verb(
    verb: string,
    pod: string,
    annotations?: Record<string, string>,
    /** Over what the runtime's environment is. */
    over?: Record<string, string>,
  ): CommandResult;
  run(...argv: string[]): string;
}

export const usualPath = "/usr/sbin:/usr/bin:/sbin:/bin";

export const capacities = ["--egress-capacity", "400M", "--ingress-capacity", "400M"];
export const plain = ["--subnet", addresses.podSubnet, "--uplink", "uplink", ...capacities];

function siteOf(lab: Lab, root: string): Site {
  const [binDir, confDir] = [join(root, "opt/cni/bin"), join(root, "etc/cni/net.d")];
  const dataDir = join(root, "var/lib/fairway");
  const conf = join(confDir, "10-fairway.conflist");
  const unitDir = join(root, "etc/systemd/system");
  const [plugin, full] = [join(binDir, "fairway"), join(binDir, "fairway-full")];
  const folders = ["--bin-dir", binDir, "--conf-dir", confDir, "--unit-dir", unitDir];
  const fairway: Site["fairway"] = (executable, ...args) =>
    inNamespace(lab.node, [executable, ...args]);
  return {
    ...{ lab, root, binDir, confDir, dataDir, unitDir, conf, plugin, full, folders, fairway },
    install: (...args) => fairway(binary, "install", ...folders, "--data-dir", dataDir, ...args),
    uninstall: (...args) => fairway(binary, "uninstall", ...folders, ...args),
    whole: () => dumpWhole(lab.node, root),
    state: () => dumpWhole(lab.node, root).replace(/^file .*\.db-(wal|shm) .*\n/gm, ""),
    network: () => dumpNode(lab.node),
    files: () => dumpFiles(root),
    run: (...argv) => mustInNamespace(lab.node, argv),
    verb: (verb, pod, annotations = {}, over = {}) => {
      const { name, cniVersion, plugins } = JSON.parse(readFileSync(conf, "utf8")) as Json;
      const [own] = plugins as Json[];
      const runtimeConfig = { "io.kubernetes.cri.pod-annotations": annotations };
      return inNamespace(lab.node, [plugin], {
        stdin: JSON.stringify({ ...own, name, cniVersion, runtimeConfig, logLevel: "silent" }),
        env: {
          ...{ CNI_COMMAND: verb, CNI_CONTAINERID: pod, CNI_IFNAME: "eth0" },
          ...{ CNI_NETNS: namespacePath(pod), CNI_PATH: binDir, PATH: usualPath, ...over },
        },
      });
    },
  };
}

export async function withSite(use: (site: Site) => void | Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "fairway-test-"));
  try {
    await withLab({ prefix: "fwi" }, (lab) => use(siteOf(lab, root)));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export function must({ code, stdout, stderr }: CommandResult): string {
  expect({ code, stderr, stdout }).toMatchObject({ code: 0, stderr: "" });
  return stdout;
}

export function refused(result: CommandResult, ...says: string[]): void {
  refusedWith(1, result, ...says);
}

export function refusedWith(
  wanted: number,
  { code, stdout, stderr }: CommandResult,
  ...says: string[]
): void {
  expect({ code, stdout }).toEqual({ code: wanted, stdout: "" });
  for (const each of says) expect(stderr).toContain(each);
}

/** Another build: it differs in a byte of the ELF header's padding, which nothing reads. */
export function anotherBuild(path: string): void {
  const bytes = readFileSync(binary);
  bytes[15] = 1;
  writeFileSync(path, bytes, { mode: 0o755 });
}
