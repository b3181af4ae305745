/** Decides whether a host can run an executable of Fairway, and which build it can run instead. Pure. */
import type { Executable, Machine } from "./elf.ts";

/** What a host has of what executables need. */
export interface Host {
  machine: Machine | null;
  /** Of the paths that were asked for, those that are there. */
  files: ReadonlySet<string>;
  /** What the processor can do, as /proc/cpuinfo says it. null means that it does not say it. */
  flags: ReadonlySet<string> | null;
}

/** Why an executable does not run on a host, and what to do about it. */
export interface Misfit {
  why: string;
  todo: string;
}

const loaders = {
  x64: { glibc: "/lib64/ld-linux-x86-64.so.2", musl: "/lib/ld-musl-x86_64.so.1" },
  arm64: { glibc: "/lib/ld-linux-aarch64.so.1", musl: "/lib/ld-musl-aarch64.so.1" },
} as const;

/** Where musl's loader looks if nobody says where. Only the builds for musl need this library of the host. */
const libraryName = "libstdc++.so.6";
const libraries = ["/lib", "/usr/local/lib", "/usr/lib"].map((dir) => `${dir}/${libraryName}`);

/** The files of a host that decide, with the executable's own loader. */
export const decidingFiles = (executable: Executable | null): string[] => [
  ...Object.values(loaders).flatMap(({ glibc, musl }) => [glibc, musl]),
  ...libraries,
  ...(executable?.loader == null ? [] : [executable.loader]),
];

/** Bun's runtime for x86-64 is made for Nehalem: it uses these without asking, and AVX2 only where it is. */
const neededFlags = ["ssse3", "sse4_1", "sse4_2", "popcnt"];

const machineNames: Record<Machine, string> = { x64: "x86-64", arm64: "arm64" };
const nameOf = (machine: Machine | null): string =>
  machine === null ? "a processor that Fairway is not built for" : machineNames[machine];

const isMusl = (loader: string): boolean => /\/ld-musl-[^/]*$/.test(loader);

const install = "run its `install`";

/** The build for this host, as docs/install.md names it. */
function advice({ machine, files }: Host): string {
  if (machine === null) return "there is no build of Fairway for this host";
  const { glibc, musl } = loaders[machine];
  if (files.has(glibc))
    return `take the build ${machine === "x64" ? "fairway" : `fairway-${machine}`}: ${install}`;
  if (files.has(musl)) return `take the build fairway-${machine}-musl: ${install}`;
  return `this host has the loader of neither glibc (${glibc}) nor musl (${musl}): install one of them, or rely on the agent in a container and on the launcher, which needs neither`;
}

function lackingFlags({ machine, loader }: Executable, { flags }: Host): string[] {
  if (machine !== "x64" || loader === null || flags === null) return [];
  return neededFlags.filter((flag) => !flags.has(flag));
}

/** null means that it runs. What cannot be known is taken for well. */
export function misfitOf(executable: Executable | null, host: Host): Misfit | null {
  if (executable === null)
    return { why: "it is no executable of Linux for 64 bits", todo: advice(host) };
  const { machine, loader } = executable;
  if (machine === null || machine !== host.machine)
    return {
      why: `it is for ${nameOf(machine)}, and this host is ${nameOf(host.machine)}`,
      todo: advice(host),
    };
  const lacking = lackingFlags(executable, host);
  if (lacking.length > 0)
    return {
      why: `this processor cannot do what it was made for (it lacks ${lacking.join(", ")})`,
      todo: "no build of Fairway runs on it: Intel's have it since 2008 and AMD's since 2011; a virtual machine has to be given its host's processor",
    };
  if (loader === null) return null;
  if (!host.files.has(loader))
    return {
      why: `it is started by ${isMusl(loader) ? "musl's" : "glibc's"} loader, and there is no ${loader} on this host`,
      todo: advice(host),
    };
  if (isMusl(loader) && !libraries.some((path) => host.files.has(path)))
    return {
      why: `it needs ${libraryName} beside musl, and that is in none of the folders /lib, /usr/local/lib and /usr/lib`,
      todo: "install the host's libstdc++ (Alpine: apk add libstdc++)",
    };
  return null;
}
