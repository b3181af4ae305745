/** Verbs that stand in their middle for as long as a test wants. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { backendVariable } from "../../src/kernel/backend.ts";
import type { TestNode } from "./node.ts";

/**
 * An `nft` that waits for as long as a file is there, and says that it has begun to. It is run where the
 * tools make the changes, so they do in this environment.
 */
export function slowTools(node: TestNode) {
  const folder = join(node.dataDir, "slow");
  const [wait, begun] = [join(folder, "wait"), join(folder, "begun")];
  mkdirSync(folder);
  const real = Bun.which("nft", { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
  const script = `#!/bin/sh
[ ! -e ${wait} ] || : > ${begun}
while [ -e ${wait} ]; do sleep 0.02; done
exec ${real} "$@"
`;
  writeFileSync(join(folder, "nft"), script);
  chmodSync(join(folder, "nft"), 0o755);
  return {
    env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`, [backendVariable]: "exec" },
    hold: () => writeFileSync(wait, ""),
    hasBegun: () => existsSync(begun),
    goOn: () => rmSync(wait),
  };
}

/** What is promised to come in changes a rule. */
export const slow = { annotations: { "fairway.dev/ingress-guarantee": "20M" } };
