/** Pods whose sandbox went without a DEL. */
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import type { Pod, TestNode } from "./node.ts";

interface Known {
  attachment: string;
  classid: string;
}

function known(node: TestNode): Known[] {
  const { stdout } = node.fairway("status", "--no-measure", "--json");
  return (JSON.parse(stdout) as { pods: Known[] }).pods;
}

/** All that the ledger knows. */
export function attachmentNames(node: TestNode): string[] {
  return known(node)
    .map(({ attachment }) => attachment)
    .sort();
}

const limitMs = 10_000;

/** The namespace's path goes at once, the devices in it a moment later, in the kernel's own time. */
export function vanish(node: TestNode, pod: Pod): void {
  const own = known(node).find((p) => p.attachment.includes(`/${pod.containerId}/`));
  node.run("ip", "netns", "del", pod.namespace);
  if (own === undefined) return;
  const dev = own.classid.replace("fa01:", "fwv");
  const deadlineMs = performance.now() + limitMs;
  while (inNamespace(node.lab.node, ["ip", "link", "show", "dev", dev]).code === 0) {
    if (performance.now() > deadlineMs) throw new Error(`${dev} stays`);
    Bun.sleepSync(10);
  }
}
