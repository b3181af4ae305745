/** Looks at the programs and the link, where `install` put them. */
import { versionOf } from "../install/executable.ts";
import { entryAt } from "../install/files.ts";
import { faultOfLauncherAt } from "../install/launcher-file.ts";
import { type OwnedPaths, ownedPaths, programAt } from "../install/present.ts";
import { attempt, error, type Finding, ok, type Patient, warn } from "./finding.ts";

const again = "`fairway install` puts it back";

const executableAt = (path: string): Finding =>
  programAt(path) === "executable"
    ? ok("install.executable", `${path}, ${versionOf(path)}`)
    : error("install.executable", `${path} is gone, or is no Fairway: no pod starts`, again);

function launcherAt(path: string): Finding {
  const fault = faultOfLauncherAt(path);
  return fault === null
    ? ok("install.launcher", path)
    : error("install.launcher", `${path} does not run here: ${fault}`, again);
}

/** The launcher with the executable beside it, or the executable alone. */
function programs({ binary, full }: OwnedPaths): Finding[] {
  const [there, beside] = [programAt(binary), programAt(full)];
  if (there === "launcher") return [executableAt(full), launcherAt(binary)];
  if (beside !== "executable") return [executableAt(binary)];
  const lost =
    there === "executable"
      ? warn(
          "install.launcher",
          `${binary} is an executable, and so is ${full}: another version was installed over the launcher, and nothing asks an agent`,
          "`fairway install --launcher FILE` of the version that is wanted",
        )
      : error(
          "install.launcher",
          `${binary} is gone, or is no launcher: no pod starts`,
          "`fairway install --launcher FILE` puts it back",
        );
  return [executableAt(full), lost];
}

export function installation({ places, manifest }: Patient): Finding[] {
  if (manifest === null) return [ok("install", "not by `fairway install`, or not yet")];
  return attempt("install", () => {
    const paths = ownedPaths(places, manifest.dataDir ?? "/");
    return [
      ...programs(paths),
      entryAt(paths.link).kind === "link"
        ? ok("install.link", paths.link)
        : error("install.link", `${paths.link} is gone, or is no link`, again),
    ];
  });
}
