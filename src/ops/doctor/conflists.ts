/**
 * Looks at what the runtime reads: whether it comes to our conflist, and whether ADD takes what stands there.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type ConfFile, confFiles, inWords } from "../../cni/conf-files.ts";
import {
  otherShapers,
  parseConflist,
  shaperTodo,
  typesOf,
  validated,
} from "../install/conflist.ts";
import { type Places, pluginName } from "../install/places.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

const id = "conflist";

const isOurs = ({ types }: ConfFile): boolean => types.includes(pluginName);

/** `files` are in the runtimes' order. `expected` means that `install` wrote a conflist. */
export function judgeConflists(
  files: readonly ConfFile[],
  { confDir, confFile }: Places,
  expected: boolean,
): Finding {
  const [first] = files;
  const ours = files.find(isOurs);
  if (first === undefined || (ours === undefined && expected)) {
    if (expected)
      return error(
        id,
        `${join(confDir, confFile)} is gone: no runtime calls Fairway`,
        "`fairway install` writes it again",
      );
    return ok(id, `${confDir} has none yet: \`fairway install\` writes one`);
  }
  if (first.problem !== null)
    return error(
      id,
      `${confDir}: the first is ${inWords(first)}`,
      "mend it, or move it away: the runtime reports the node as not ready",
    );
  if (isOurs(first)) return ok(id, `${first.name} is the first of ${files.length} in ${confDir}`);
  const found = `runtimes take the first in ${confDir}, ${inWords(first)}`;
  return ours === undefined
    ? warn(id, `${found}, and none calls Fairway`, "`fairway install` writes one that does")
    : warn(
        id,
        `${found}, before ${ours.name}: nothing is promised unless that one calls it`,
        `rename ${first.name} to end in .bak, or ours so that it sorts first`,
      );
}

function judgeOwn(file: ConfFile, { confDir, binDir }: Places): Finding[] {
  const path = join(confDir, file.name);
  return attempt("conflist.plugin", () => {
    const conflist = parseConflist(fs.readFileSync(path, "utf8"), path);
    const { name } = validated(conflist, path);
    const missing = typesOf(conflist).filter((type) => !fs.existsSync(join(binDir, type)));
    return [
      ok("conflist.plugin", `${file.name}: network ${name}, as ADD takes it`),
      ...otherShapers(conflist).map((which) =>
        error(
          "conflist.shaper",
          `${file.name} has another plugin that limits pods beside Fairway: ${which}`,
          shaperTodo,
        ),
      ),
      ...missing.map((type) =>
        warn(
          "conflist.chain",
          `${file.name} names the plugin ${type}, which is not in ${binDir}: no pod starts without it`,
          "install it, or give the runtime's own folder with --bin-dir",
        ),
      ),
    ];
  });
}

export function conflists({ places, manifest }: Patient): Finding[] {
  return attempt(id, () => {
    const files = confFiles(places.confDir);
    const own = files.filter((file) => file.problem === null && isOurs(file));
    // Of a chain it is told what it stands behind (chain.ts).
    const isChained = manifest?.chain !== undefined && own.length === 0;
    return [
      ...(isChained ? [] : [judgeConflists(files, places, manifest !== null)]),
      ...own.flatMap((file) => judgeOwn(file, places)),
    ];
  });
}
