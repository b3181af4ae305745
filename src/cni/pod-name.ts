/** Says which pod a failed verb was about, in the words of whoever started the pod. Pure. */
import { messageOf } from "../errors.ts";
import { podTitle } from "../plan/node.ts";
import { hasControl, valuesOfArg } from "./args.ts";
import type { ProcessEnvironment } from "./environment.ts";

/**
 * The longest name that a pod can have (a DNS subdomain, RFC 1123). What is longer is no name, and would
 * leave an error no room.
 */
const maxNameLength = 253;

export interface PodName {
  podNamespace: string | null;
  podName: string | null;
}

/** null means that it was not given, was given in two ways, or is nothing that a person should be shown. */
function argOf(args: string, key: string): string | null {
  const [value = "", ...others] = new Set(valuesOfArg(args, key));
  const isName = value !== "" && value.length <= maxNameLength && !hasControl(value);
  return isName && others.length === 0 ? value : null;
}

/** The name as CNI_ARGS has it, even where the verb refuses the rest of CNI_ARGS. */
export function podNameIn({ CNI_ARGS: args = "" }: ProcessEnvironment): PodName {
  return {
    podNamespace: argOf(args, "K8S_POD_NAMESPACE"),
    podName: argOf(args, "K8S_POD_NAME"),
  };
}

/** The error's message with the pod in front of it, unless the message begins with the pod already. */
export function messageAbout(error: unknown, env: ProcessEnvironment): string {
  const message = messageOf(error);
  const title = podTitle(podNameIn(env));
  if (title === null || message === "") return message;
  const begins = message.startsWith(title) && /^($|[\s:,])/.test(message.slice(title.length));
  return begins ? message : `${title}: ${message}`;
}
