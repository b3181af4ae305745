/** A node without any tool: no folder of programs has anything in it. */
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "./binary.ts";
import {
  type AddOptions,
  type Ended,
  type Pod,
  requestOf,
  type TestNode,
  verbEnvironment,
} from "./node.ts";

/** Where distributions put programs; several are links to others. */
const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** In a mount namespace of its own, so nobody else misses anything. `mount` itself goes last. */
const script = `for f in ${folders.join(" ")}; do [ -L "$f" ] || mount -t tmpfs -o size=4k none "$f"; done; exec "$0" "$@"`;

/** A verb, or with `argv` a command, where no program but ours is to be had. */
export function onBareNode(
  node: TestNode,
  asked: { verb: string; pod: Pod; options?: AddOptions } | { argv: string[] },
): Ended {
  const argv = "argv" in asked ? [...asked.argv, "--data-dir", node.dataDir] : [];
  const done = inNamespace(
    node.lab.node,
    ["unshare", "--mount", "/bin/sh", "-c", script, binary, ...argv],
    "argv" in asked
      ? {}
      : {
          stdin: requestOf(node.config, asked.options ?? {}),
          env: verbEnvironment(asked.verb, asked.pod, asked.options ?? {}),
        },
  );
  try {
    return { ...done, json: JSON.parse(done.stdout) as Record<string, unknown> };
  } catch {
    return { ...done, json: {} };
  }
}
