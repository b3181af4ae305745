/** The means by which the kernel is changed. */
import { FairwayError } from "../errors.ts";
import type { Tool } from "./children.ts";

/** "netlink" means messages of this process's own. "exec" means the tools, which lead to the same result. */
export type Backend = "netlink" | "exec";

export const backendVariable = "FAIRWAY_BACKEND";

/** Throws badEnvironment for a word that is neither of the two. */
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

/** The tools without which a node cannot take pods. */
export const neededTools = (backend: Backend): readonly Tool[] =>
  backend === "exec" ? ["ip", "tc", "nft"] : [];
