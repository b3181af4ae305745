/** Pods that are asked of an API server and not kept: what becomes of them, as it is compared. */
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/kube-error.ts";
import type { Json } from "./kubectl.ts";
import type { Texts } from "./policy-shapes.ts";

export interface Answer {
  object: Json | null;
  /** '' where it was taken. */
  words: string;
}

export const podsPath = (namespace = "default"): string => `/api/v1/namespaces/${namespace}/pods`;

/** What the API server makes of a pod, which it does not keep. */
export async function triedBy(client: KubeClient, pod: Json, path = podsPath()): Promise<Answer> {
  try {
    const answer = await client.ask({ method: "POST", path, query: { dryRun: "All" }, body: pod });
    return { object: answer as Json, words: "" };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { object: null, words: error.message };
  }
}

/** So many requests are under way at once. */
const atOnce = 16;

export async function each<T>(
  things: readonly T[],
  act: (thing: T, at: number) => Promise<void>,
): Promise<void> {
  const left = [...things.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      await act(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

interface Resources {
  limits?: Record<string, string>;
  requests?: Record<string, string>;
}
interface PodLike {
  metadata: { annotations?: Texts };
  spec: Record<"containers" | "initContainers", { resources?: Resources }[] | undefined>;
}

const resourcesIn = (pod: Json | null, which: keyof PodLike["spec"]): Resources[] =>
  ((pod as PodLike | null)?.spec[which] ?? []).map(({ resources = {} }) => resources);

/** Of its first container. */
export const resourcesOf = (pod: Json | null): Resources => resourcesIn(pod, "containers")[0] ?? {};

/** "1k" is kept so by the one and written anew by the other. */
const plain = (of: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(of).map(([key, value]) => [
      key,
      value.replace(/k$/, "000").replace(/M$/, "000000").replace(/G$/, "000000000"),
    ]),
  );

/** The API server itself takes requests from limits. */
const counted = ({ limits = {}, requests = {} }: Resources): Resources => ({
  limits: plain(limits),
  requests: plain({ ...limits, ...requests }),
});

/** What is compared of a pod: what its containers request, and its annotations, marks included. */
export function comparable(pod: Json): Json {
  const { annotations = {} } = (pod as unknown as PodLike).metadata;
  return {
    annotations,
    containers: resourcesIn(pod, "containers").map(counted),
    initContainers: resourcesIn(pod, "initContainers").map(counted),
  };
}
