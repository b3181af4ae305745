import { FairwayError } from "../../errors.ts";
import { netnsKind } from "../../kernel/netns.ts";

/** Throws invalidNetns where a path is not another network namespace. */
export function requireNetns(path: string, ownAllowed: boolean): void {
  const kind = netnsKind(path);
  if (kind === "other" || (kind === "own" && ownAllowed)) return;
  const found = {
    absent: "there is nothing at that path",
    own: "it is the namespace that fairway itself runs in",
    "not a network namespace": "it is not a network namespace",
  }[kind];
  throw new FairwayError(
    "invalidNetns",
    `CNI_NETNS ${path}: ${found}`,
    "CNI_NETNS must be the path of the pod's network namespace, such as /run/netns/NAME",
  );
}
