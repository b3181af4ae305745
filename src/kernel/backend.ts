/** By what means the kernel is changed. */
import { FairwayError } from "../errors.ts";
import type { Tool } from "./children.ts";

/** "netlink": messages of this process's own. "exec": the tools, which lead to the same. */
export type Backend = "netlink" | "exec";

export const backendVariable = "FAIRWAY_BACKEND";

/** Throws badEnvironment for a word that is none of the two. */
export function chosenBackend(env: Record<string, string | undefined> = process.env): Backend {
  const asked = env[backendVariable] ?? "";
  if (asked === "" || asked === "netlink") return "netlink";
  if (asked === "exec") return "exec";
  throw new FairwayError(
    "badEnvironment",
    `${backendVariable} is "${asked}"`,
    `set it to netlink (as without it) or exec (ip, tc and nft make the changes)`,
  );
}

/** Those without which a node cannot take pods: rules are written in nft's language whichever way the rest goes. */
export const neededTools = (backend: Backend): readonly Tool[] =>
  backend === "exec" ? ["ip", "tc", "nft"] : ["nft"];
