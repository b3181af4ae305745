/** A launcher in a folder of its own, as `install` places it, with an executable and a socket's path beside it. */
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./binary.ts";

export const launcher = join(repository, "dist/fairway-launcher-x64");

/** Makes the folder. A launcher finds what lies beside it by its own file, so that is no link. */
export function placeLauncher(
  folder: string,
  { full, socket, file = launcher }: { full: string; socket: string; file?: string },
): void {
  if (!existsSync(file)) throw new Error(`${file} is not built: run scripts/build-launcher`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(file, join(folder, "fairway"));
  symlinkSync("fairway", join(folder, "fairway-ipam"));
  symlinkSync(full, join(folder, "fairway-full"));
  writeFileSync(join(folder, "agent.socket-path"), `${socket}\n`);
}
