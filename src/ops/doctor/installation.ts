/** Looks at the executable and the link, where `install` put them. */
import { join } from "node:path";
import { isFairway, versionOf } from "../install/executable.ts";
import { entryAt } from "../install/files.ts";
import { ipamName, pluginName } from "../install/places.ts";
import { attempt, error, type Finding, ok, type Patient } from "./finding.ts";

const again = "`fairway install` puts it back";

export function installation({ places: { binDir }, manifest }: Patient): Finding[] {
  if (manifest === null) return [ok("install", "not by `fairway install`, or not yet")];
  return attempt("install", () => {
    const [binary, link] = [join(binDir, pluginName), join(binDir, ipamName)];
    const isThere = entryAt(binary).kind === "file" && isFairway(binary);
    return [
      isThere
        ? ok("install.executable", `${binary}, ${versionOf(binary)}`)
        : error("install.executable", `${binary} is gone, or is no Fairway: no pod starts`, again),
      entryAt(link).kind === "link"
        ? ok("install.link", `${link}`)
        : error("install.link", `${link} is gone, or is no link`, again),
    ];
  });
}
