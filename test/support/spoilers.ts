/** Tools that fail at one line of all that they are given. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestNode } from "./node.ts";

/**
 * Folders of tools that stand before the real ones and spoil the k-th line that all of them together
 * are given; k is in a file. What they do with the other lines is the real tool's.
 */
export function spoilers(node: TestNode): {
  path: string;
  failAt(k: number): void;
  seen(): number;
} {
  const folder = join(node.dataDir, "spoilers");
  mkdirSync(folder);
  const [counter, limit] = [join(folder, "counter"), join(folder, "limit")];
  for (const tool of ["ip", "tc", "nft"]) {
    const real = Bun.which(tool, { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" });
    const script = `#!/bin/bash
# Listing is looking, not doing.
case "$*" in *list*) exec ${real} "$@" ;; esac
n=$(<${counter}) k=$(<${limit}) out=
while IFS= read -r line; do
  n=$((n + 1))
  [ "$n" = "$k" ] && line="spoilt $line"
  out+="$line"$'\\n'
done
echo "$n" > ${counter}
printf %s "$out" | exec ${real} "$@"
`;
    writeFileSync(join(folder, tool), script);
    chmodSync(join(folder, tool), 0o755);
  }
  return {
    path: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`,
    failAt: (k) => {
      writeFileSync(counter, "0\n");
      writeFileSync(limit, `${k}\n`);
    },
    seen: () => Number(readFileSync(counter, "utf8")),
  };
}
