/** Chooses the executable that a node gets. In a container it may be another one than the one that runs. */
import fs from "node:fs";
import { dirname, join } from "node:path";
import { misfitHere, requireRunsHere } from "../host/facts.ts";
import { ownExecutable } from "./executable.ts";

export interface FallbackOptions {
  /** What the node cannot run is placed all the same. */
  withoutFallback?: boolean;
}

export interface NodeExecutable {
  path: string;
  /** What a person should know. */
  notes: string[];
}

/** The builds as scripts/build names them. An image has more than one of them in a folder. */
const buildNames = ["fairway", "fairway-x64-musl", "fairway-arm64", "fairway-arm64-musl"];

/**
 * The executable that runs, where the node can run it, else another build beside it. Throws unavailable where the
 * node can run none of them, unless the agent is to serve verbs without a fallback.
 */
export function nodeExecutable({ withoutFallback }: FallbackOptions): NodeExecutable {
  const own = ownExecutable();
  const beside = buildNames.map((name) => join(dirname(own), name));
  const found = [own, ...beside].find((path) => fs.existsSync(path) && misfitHere(path) === null);
  if (found !== undefined) return { path: found, notes: [] };
  if (withoutFallback !== true) requireRunsHere(own);
  const why = misfitHere(own)?.why ?? "it is not known why";
  return {
    path: own,
    notes: [
      `this node cannot run Fairway's executable (${why}), so there is no fallback: verbs are served by the agent in its container, and fail while it is not there`,
    ],
  };
}
