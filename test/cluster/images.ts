/** The images that pods of the tests are made of. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { writeImage } from "../support/containerd/image.ts";
import { writePauseImage } from "../support/containerd/pause-image.ts";
import { busybox } from "./tools.ts";

export const busyboxImage = "fairway.test/busybox:1";

const applets = [
  ...["cat", "echo", "env", "false", "hostname", "id", "ip", "kill", "ls", "nc", "ping", "ps"],
  ...["sh", "sleep", "test", "true", "wget"],
];

function writeBusyboxImage(file: string, scratch: string): void {
  const root = mkdtempSync(join(scratch, "busybox-"));
  for (const folder of ["bin", "etc", "tmp"]) mkdirSync(join(root, folder));
  chmodSync(join(root, "tmp"), 0o1777);
  copyFileSync(busybox, join(root, "bin/busybox"));
  for (const applet of applets) symlinkSync("busybox", join(root, "bin", applet));
  writeImage(file, scratch, {
    ...{ name: busyboxImage, entrypoint: ["/bin/sh"], root },
    env: ["PATH=/bin"],
  });
  rmSync(root, { recursive: true });
}

/** Their archives, in `folder`. */
export function writeImages(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const [pause, box] = [join(folder, "pause.tar"), join(folder, "busybox.tar")];
  writePauseImage(pause, folder);
  writeBusyboxImage(box, folder);
  return [pause, box];
}
