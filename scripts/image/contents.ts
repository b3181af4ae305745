/** What is in the image of one processor, and where it comes from. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { TarEntry } from "./tar.ts";

const root = join(import.meta.dir, "../..");

export type Processor = "x64" | "arm64";

interface Host {
  /** As OCI names it. */
  architecture: "amd64" | "arm64";
  executable: string;
  executableForMusl: string;
  /** Where an executable for glibc says that its loader is. */
  loader: string;
  /** Where glibc's loader looks for libraries. */
  libraries: string;
}

export const hosts: Readonly<Record<Processor, Host>> = {
  x64: {
    architecture: "amd64",
    executable: "fairway",
    executableForMusl: "fairway-x64-musl",
    loader: "lib64/ld-linux-x86-64.so.2",
    libraries: "lib/x86_64-linux-gnu",
  },
  arm64: {
    architecture: "arm64",
    executable: "fairway-arm64",
    executableForMusl: "fairway-arm64-musl",
    loader: "lib/ld-linux-aarch64.so.1",
    libraries: "lib/aarch64-linux-gnu",
  },
};

/** Where all of ours is in the image. */
export const home = "opt/fairway";

/** What the executable for glibc is linked to. The last two are parts of the first by now, and have to be there. */
const libraryNames = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"];

/** Debian's libc6 for this processor, as scripts/build-image has unpacked it. */
const libcFolder = (processor: Processor): string =>
  join(root, "dist/image-parts", `libc6-${hosts[processor].architecture}`);

/** Debian's package. */
export interface Libc {
  version: string;
  source: string;
}

export function libcOf(processor: Processor): Libc {
  const control = readFileSync(join(libcFolder(processor), "control"), "utf8");
  const version = /^Version: (\S+)$/m.exec(control)?.[1];
  if (version === undefined) throw new Error(`${libcFolder(processor)}/control has no version`);
  return { version, source: /^Source: (\S+)/m.exec(control)?.[1] ?? "libc6" };
}

const file = (path: string, from: string, mode = 0o644): TarEntry => ({
  ...{ kind: "file", path, mode },
  content: readFileSync(from),
});

/** Releases of Debian have these folders in / or in /usr, and links from one to the other. */
function inTree(tree: string, path: string): string {
  const found = [join(tree, path), join(tree, "usr", path)].find((each) => existsSync(each));
  if (found === undefined) throw new Error(`there is no ${path} in ${tree}`);
  return realpathSync(found);
}

function libcEntries(processor: Processor): TarEntry[] {
  const { loader, libraries } = hosts[processor];
  const tree = join(libcFolder(processor), "tree");
  // The loader's usual name is a link with an absolute path, which leads out of the tree.
  const name = loader.split("/").at(-1) ?? "";
  return [
    file(loader, inTree(tree, `${libraries}/${name}`), 0o755),
    ...libraryNames.map((library) => {
      const path = `${libraries}/${library}`;
      return file(path, inTree(tree, path), 0o755);
    }),
    file("usr/share/doc/libc6/copyright", inTree(tree, "share/doc/libc6/copyright")),
  ];
}

const dist = (name: string): string => join(root, "dist", name);

/**
 * The programs by their names in the image. Beside the executable lies what `install` looks for there: the
 * launcher, and the executable for a node with musl.
 */
const programs = (processor: Processor): Record<string, string> => {
  const { executable } = hosts[processor];
  return {
    [`${home}/fairway`]: dist(executable),
    [`${home}/fairway-launcher-${processor}`]: dist(`fairway-launcher-${processor}`),
    // The agent deletes links by a process of its own (src/kernel/send-off.ts).
    "usr/bin/cat": dist(`fairway-cat-${processor}`),
  };
};

/**
 * The image's files in the order of how often they change: what stays the same from one version to the next is
 * a layer that a node has already.
 */
export function layersOf(processor: Processor): TarEntry[][] {
  const { executableForMusl } = hosts[processor];
  return [
    [
      ...libcEntries(processor),
      { kind: "folder", path: "tmp", mode: 0o1777 },
      // Runtimes name pods' namespaces by the older path, which is a link on each node.
      { kind: "link", path: "var/run", target: "/run" },
    ],
    [
      ...Object.entries(programs(processor)).map(([path, from]) => file(path, from, 0o755)),
      file(`${home}/LICENSE`, join(root, "LICENSE")),
      file(`${home}/THIRD-PARTY-NOTICES.txt`, join(root, "THIRD-PARTY-NOTICES.txt")),
    ],
    [file(`${home}/${executableForMusl}`, dist(executableForMusl), 0o755)],
  ];
}
