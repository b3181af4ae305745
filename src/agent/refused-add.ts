/** Which pod an ADD was refused for what it asked, so that the pod's owner can be told. Pure. */

import type { RefusedPod } from "../cluster/refusals.ts";
import { refusalWords } from "../cluster/words.ts";
import { valuesOfArg } from "../cni/args.ts";
import type { ProcessEnvironment } from "../cni/environment.ts";
import { podNameIn } from "../cni/pod-name.ts";
import type { RawConfig } from "../cni/request.ts";
import { type ErrorName, FairwayError } from "../errors.ts";

/** What a pod's author can do something about. */
const kinds: readonly ErrorName[] = ["promiseRefused", "policyRefused", "badConfig"];

/** null means that it was not, or that nobody said which pod it is. */
export function refusedAdd(
  env: ProcessEnvironment,
  config: RawConfig | null,
  error: unknown,
  mayStart: boolean,
): RefusedPod | null {
  if (env.CNI_COMMAND !== "ADD" || !(error instanceof FairwayError)) return null;
  const { podNamespace, podName } = podNameIn(env);
  const [uid, ...others] = valuesOfArg(env.CNI_ARGS ?? "", "K8S_POD_UID");
  const isNamed = podNamespace !== null && podName !== null && uid !== undefined;
  if (!isNamed || others.length > 0 || !kinds.includes(error.kind)) return null;
  const words = refusalWords(error, {
    network: String(config?.name ?? ""),
    containerId: env.CNI_CONTAINERID ?? "",
    ifname: env.CNI_IFNAME ?? "",
    ...{ podNamespace, podName },
  });
  return { namespace: podNamespace, name: podName, uid, words, mayStart };
}
