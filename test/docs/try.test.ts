/** docs/try.md from its first command to its last, in network and mount namespaces of its own. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild } from "../../src/ops/child.ts";
import { withLab } from "../../src/prove/lab/lab.ts";
import { insideNamespace } from "../../src/prove/lab/namespaces.ts";
import { repository } from "../support/binary.ts";
import { blockThat, withInPlace } from "../support/page.ts";

const page = "docs/try.md";
const cnitool = join(repository, "dist/test-tools/cnitool");
const hasTool = existsSync(cnitool);

/** The names of namespaces and the runtime's cache are the test's own; what is asked is done; then they are listed. */
const apart = `mount --make-rprivate /
for folder in /run/netns /var/lib; do mount -t tmpfs -o mode=755 none $folder; done
cd "$0"
eval "$1"
ls /run/netns`;

test.skipIf(!hasTool)(`docs/try.md: a pod by hand${hasTool ? "" : " (needs Go)"}`, () =>
  withLab({ prefix: "fwy" }, (lab) => {
    const [build = "", ...first] = blockThat(page, "GOBIN=").split("\n");
    // scripts/test has built the same version.
    expect(build).toContain("go install github.com/containernetworking/cni/cnitool@v1.3.0");
    const folder = mkdtempSync(join(tmpdir(), "fairway-reader-"));
    mkdirSync(join(folder, "bin"));
    symlinkSync(cnitool, join(folder, "bin/cnitool"));
    const steps = withInPlace(`${first.join("\n")}\n${blockThat(page, "for name in")}`, {
      "/tmp/fairway-try": folder,
    });
    const { code, stdout, stderr } = runChild(
      insideNamespace(lab.node, [...["unshare", "--mount", "sh", "-ec", apart, repository, steps]]),
      { timeoutMs: 60_000 },
    );
    // Each verb writes its log line there.
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('"verb":"DEL"') });
    expect(stdout).toContain("1 packets transmitted, 1 received");
    expect(stdout).toContain("Every promise is kept");
    // No namespace is left to be listed.
    expect(stdout).not.toMatch(/^fw-/m);
    expect(existsSync(folder)).toBe(false);
  }),
);
