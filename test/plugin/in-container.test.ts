/** What a container needs of the commands. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAgent } from "../support/agent.ts";
import { binary } from "../support/binary.ts";
import { withNode } from "../support/node.ts";

test("a probe asks the agent that runs", () =>
  withNode(async (node) => {
    await using agent = await startAgent(node);
    const probe = (what: string, socket: string) =>
      Bun.spawnSync([binary, "agent", "--probe", what, "--socket", socket]);
    expect(probe("healthy", agent.socket).exitCode).toBe(0);
    const none = probe("ready", join(node.dataDir, "none.sock"));
    expect(none.exitCode).toBe(1);
    expect(none.stderr.toString()).toContain("cannot be asked (ENOENT)");
  }));

test("the socket's folder, as a kubelet makes it, is closed to others by install", () =>
  withNode((node) => {
    const root = mkdtempSync(join(tmpdir(), "fairway-test-"));
    try {
      const folder = join(root, "run");
      mkdirSync(folder, { mode: 0o755 });
      const install = [
        ...[binary, "install", "--bin-dir", join(root, "bin"), "--conf-dir", join(root, "conf")],
        ...["--unit-dir", join(root, "units"), "--data-dir", join(root, "data")],
        ...["--subnet", "198.19.7.0/24"],
        ...["--egress-capacity", "100M", "--ingress-capacity", "100M"],
        ...["--socket", join(folder, "agent.sock")],
      ];
      expect(node.run(...install)).toContain(`close ${folder} to others`);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(node.run(...install)).toContain("nothing changed");
    } finally {
      rmSync(root, { recursive: true });
    }
  }));
