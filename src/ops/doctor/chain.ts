/** Looks at how Fairway stands behind another network: the copy that follows it, or the drop-in file. */
import fs from "node:fs";
import { join } from "node:path";
import { type Decision, decide, settingsInForce, textIn } from "../../chain/decide.ts";
import { readFolder } from "../../chain/folder.ts";
import type { ChainRecord } from "../../chain/record.ts";
import { dropInAt } from "../install/chain-ways.ts";
import type { Places } from "../install/places.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

const id = "conflist.copy";

/** `there` is what lies under our name; null means that nothing does. */
export function judgeCopy(decision: Decision, there: string | null, confFile: string): Finding {
  switch (decision.want) {
    case "copy":
      return there === decision.text
        ? ok(id, `${confFile} follows ${decision.follows}`)
        : error(
            id,
            `${confFile} ${there === null ? "is not there" : "is not what follows"} ${there === null ? `though ${decision.follows} is` : `from ${decision.follows}`}: pods get what it says`,
            "the agent makes it anew within a second (is it running?), and so does `fairway install`",
          );
    case "wait":
      return warn(id, `${confFile} stays as it is: ${decision.why}`, "mend that file");
    case "nothing":
    case "hands off":
      return error(id, `pods start without Fairway: ${decision.why}`, decision.todo);
  }
}

function copyFinding({ confDir, confFile }: Places, chain: ChainRecord): Finding {
  const files = readFolder(confDir);
  return judgeCopy(
    decide(files, confFile, settingsInForce(files, confFile, chain)),
    textIn(files, confFile),
    confFile,
  );
}

function dropInFinding({ confDir }: Places, { network }: ChainRecord): Finding {
  const { path } = dropInAt(confDir, network);
  return fs.existsSync(path)
    ? ok(id, `${path}, where the runtime is built with libcni 1.3 or newer`)
    : error(id, `${path} is gone: no runtime calls Fairway`, "`fairway install` writes it again");
}

/** Nothing where Fairway has a network of its own. */
export function chain({ places, manifest }: Patient): Finding[] {
  const recorded = manifest?.chain;
  if (recorded === undefined) return [];
  return attempt(id, () => {
    switch (recorded.way) {
      case "copy":
        return [copyFinding(places, recorded)];
      case "drop-in":
        return [dropInFinding(places, recorded)];
      case "in-place":
        return fs.existsSync(join(places.confDir, recorded.original))
          ? []
          : [
              error(
                id,
                `${recorded.original}, into which Fairway was put, is gone`,
                "`fairway uninstall`, then `fairway install --chain`",
              ),
            ];
    }
  });
}
