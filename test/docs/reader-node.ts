/** A node as the pages show one: its uplink is eth0, and `fairway` is on the PATH and has its ledger in the usual place. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses, devices } from "../../src/prove/lab/wire.ts";
import { binary, repository } from "../support/binary.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { agrees, consoleOf } from "../support/page.ts";

export interface ReaderNode extends TestNode {
  /** Runs commands as a reader types them, whatever they end with. What they printed, on both. */
  type(commands: string): string;
  /** Each command of a console block prints what the page says. */
  follows(block: string): void;
}

/** In mounts of its own, where the usual folder of the ledger is the node's. */
const asRoot = `mount -t tmpfs -o mode=755 none /var/lib
mkdir /var/lib/fairway
mount --bind "$0" /var/lib/fairway
cd "$1"
PATH="$2:$PATH" exec sh -c "$3"`;

const eth0 = "eth0";

/** A device that is down has lost the routes by it. */
export function renameUplink(node: string): void {
  for (const argv of [
    ["ip", "link", "set", "dev", devices.uplink, "down"],
    ["ip", "link", "set", "dev", devices.uplink, "name", eth0],
    ["ip", "link", "set", "dev", eth0, "up"],
    ["ip", "route", "replace", "default", "via", addresses.remote],
  ]) {
    const { code, stderr } = inNamespace(node, argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  }
}

/** `uplink` is what the configuration says of it. */
export async function withReaderNode(
  use: (node: ReaderNode) => void | Promise<void>,
  uplink: Record<string, unknown> = { egressCapacity: "400M", ingressCapacity: "400M" },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fairway-reader-"));
  try {
    symlinkSync(binary, join(folder, "fairway"));
    await withNode(
      async (node) => {
        renameUplink(node.lab.node);
        const type: ReaderNode["type"] = (commands) => {
          const inside = ["unshare", "--mount", "sh", "-ec", asRoot, node.dataDir, repository];
          const { stdout, stderr } = inNamespace(node.lab.node, [...inside, folder, commands]);
          return stdout + stderr;
        };
        await use({
          ...node,
          type,
          follows: (block) => {
            for (const { command, output } of consoleOf(block)) {
              const printed = type(command);
              if (!agrees(printed, output))
                expect(`$ ${command}\n${printed}`).toBe(`$ ${command}\n${output}`);
            }
          },
        });
      },
      { uplink: { name: eth0, gsoMaxSize: 9000, ...uplink } },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a runtime says of the pod. */
export const podArgs = (name: string): string =>
  `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name}`;
