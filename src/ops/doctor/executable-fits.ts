/**
 * Tells whether the node can run the executables that lie in the runtime's folder. Where verbs are served by an
 * agent in a container, nobody would notice until it does not answer.
 */
import fs from "node:fs";
import { join } from "node:path";
import { misfitHere, readExecutable } from "../host/facts.ts";
import { pluginName } from "../install/places.ts";
import { attempt, error, type Finding, ok, type Patient } from "./finding.ts";

const id = "install.fits";

/** The one that the launcher becomes where the agent does not take a verb. */
const fallbackName = `${pluginName}-full`;

function judge(path: string, isFallback: boolean): Finding[] {
  // What is no executable at all is no Fairway: install.executable tells that.
  if (readExecutable(path) === null) return [];
  const misfit = misfitHere(path);
  if (misfit === null) return [ok(id, `this node can run ${path}`)];
  const consequence = isFallback
    ? "no fallback: verbs work only while the agent takes them"
    : "no pod starts";
  const found = `${consequence}, as this node cannot run ${path}: ${misfit.why}`;
  return [error(id, found, misfit.todo)];
}

/** What is not there is told by others. */
export function executableFits({ places: { binDir } }: Patient): Finding[] {
  return [pluginName, fallbackName].flatMap((name) => {
    const path = join(binDir, name);
    return fs.existsSync(path) ? attempt(id, () => judge(path, name === fallbackName)) : [];
  });
}
