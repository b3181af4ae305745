/** What becomes of pods: where they are placed, what they are told, what they have in the kernel. */
import type { Cluster } from "./cluster.ts";
import { podOf } from "./pods.ts";

/** What the scheduler says of a pod that it cannot place. */
export async function pendingWords(cluster: Cluster, name: string): Promise<string> {
  let words = "";
  await cluster.until(`${name} cannot be placed`, async () => {
    const { status } = await podOf(cluster, name);
    const condition = status.conditions?.find(({ type }) => type === "PodScheduled") as
      | { status: string; message?: string }
      | undefined;
    words = condition?.status === "False" ? (condition.message ?? "") : "";
    return words !== "";
  });
  console.log(`${name} is Pending: ${words}`);
  return words;
}

export const ready = (cluster: Cluster, ...names: string[]): Promise<string> =>
  cluster.kubectl(
    ...["wait", "--for=condition=Ready", "--timeout=60s"],
    ...names.map((name) => `pod/${name}`),
  );

const nudgeMs = 2_000;

/** Until it is Ready. A kubelet tries a pod that it could not prepare again after a minute, or when it changes. */
export async function readyAtLast(cluster: Cluster, name: string): Promise<void> {
  let nudgedMs = performance.now();
  await cluster.until(
    `${name} runs`,
    async () => {
      const { conditions } = (await podOf(cluster, name)).status;
      if (conditions?.some(({ type, status }) => type === "Ready" && status === "True"))
        return true;
      const nowMs = performance.now();
      if (nowMs - nudgedMs < nudgeMs) return false;
      nudgedMs = nowMs;
      await cluster.kubectl("annotate", "pod", name, "--overwrite", `test/nudge=${nowMs}`);
      return false;
    },
    120_000,
  );
}

export async function rates(cluster: Cluster, index: number): Promise<string> {
  const classes = await cluster.node(index).classes();
  return classes.flatMap((line) => /\brate (\S+) ceil/.exec(line)?.[1] ?? []).join(" ");
}

export async function eventsOf(cluster: Cluster, name: string): Promise<string> {
  const text = await cluster.kubectl("get", "events", "-A", "-o", "json");
  const { items } = JSON.parse(text) as {
    items: { reason: string; message: string; involvedObject: { name: string } }[];
  };
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)
    .join("\n");
}

export async function untilEvent(cluster: Cluster, name: string, part: string): Promise<void> {
  await cluster.until(`an event of ${name} says "${part}"`, async () =>
    (await eventsOf(cluster, name)).includes(part),
  );
}
