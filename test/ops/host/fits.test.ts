import { expect, test } from "bun:test";
import type { Executable, Machine } from "../../../src/ops/host/elf.ts";
import { type Host, misfitOf } from "../../../src/ops/host/fits.ts";

const glibc = "/lib64/ld-linux-x86-64.so.2";
const musl = "/lib/ld-musl-x86_64.so.1";
const glibcOfArm = "/lib/ld-linux-aarch64.so.1";
const muslOfArm = "/lib/ld-musl-aarch64.so.1";

const nehalem = ["ssse3", "sse4_1", "sse4_2", "popcnt"];

const host = (
  machine: Machine | null,
  files: string[],
  flags: string[] | null = nehalem,
): Host => ({
  machine,
  files: new Set(files),
  flags: flags === null ? null : new Set(flags),
});

const debian = host("x64", [glibc]);
const alpine = host("x64", [musl, "/usr/lib/libstdc++.so.6"]);
const bareAlpine = host("x64", [musl]);
const talos = host("x64", []);
const arm = host("arm64", [glibcOfArm], null);

const forX64: Executable = { machine: "x64", loader: glibc };
const forMusl: Executable = { machine: "x64", loader: musl };
const forArm: Executable = { machine: "arm64", loader: glibcOfArm };
const launcher: Executable = { machine: "x64", loader: null };

const fits: [string, Executable, Host][] = [
  ["glibc's on glibc", forX64, debian],
  ["musl's on musl with libstdc++", forMusl, alpine],
  ["musl's where libstdc++ lies in /lib", forMusl, host("x64", [musl, "/lib/libstdc++.so.6"])],
  ["arm64's on arm64", forArm, arm],
  [
    "musl's of arm64",
    { machine: "arm64", loader: muslOfArm },
    host("arm64", [muslOfArm, "/lib/libstdc++.so.6"]),
  ],
  ["a static one, without any libc", launcher, talos],
  ["a static one, on an old processor", launcher, host("x64", [], [])],
  ["on a processor without AVX2", forX64, host("x64", [glibc], nehalem)],
  ["where the processor does not say what it can do", forX64, host("x64", [glibc], null)],
];

test.each(fits)("%s runs", (_, executable, on) => {
  expect(misfitOf(executable, on)).toBeNull();
});

const misfits: [string, Executable | null, Host, string, string][] = [
  [
    "glibc's on Alpine",
    forX64,
    alpine,
    `no ${glibc} on this host`,
    "take the build fairway-x64-musl",
  ],
  ["musl's on Debian", forMusl, debian, `no ${musl} on this host`, "take the build fairway:"],
  ["musl's without libstdc++", forMusl, bareAlpine, "needs libstdc++.so.6", "apk add libstdc++"],
  ["glibc's without any libc", forX64, talos, "no /lib64/ld-linux", "neither glibc"],
  [
    "arm64's on x86-64",
    forArm,
    debian,
    "is for arm64, and this host is x86-64",
    "take the build fairway:",
  ],
  [
    "x86-64's on arm64",
    forX64,
    arm,
    "is for x86-64, and this host is arm64",
    "take the build fairway-arm64:",
  ],
  [
    "arm64's launcher on x86-64",
    { machine: "arm64", loader: null },
    debian,
    "is for arm64",
    "fairway:",
  ],
  [
    "another processor's",
    { machine: null, loader: null },
    debian,
    "a processor that Fairway is not built for",
    "fairway:",
  ],
  [
    "any, on another processor",
    forX64,
    host(null, []),
    "this host is a processor",
    "there is no build",
  ],
  ["a script", null, debian, "no executable of Linux", "take the build fairway:"],
  [
    "on a processor from 2006",
    forX64,
    host("x64", [glibc], ["ssse3"]),
    "lacks sse4_1, sse4_2, popcnt",
    "no build of Fairway",
  ],
  [
    "musl's on such a processor",
    forMusl,
    host("x64", [musl], []),
    "lacks ssse3, sse4_1, sse4_2, popcnt",
    "no build of Fairway",
  ],
];

test.each(misfits)("%s does not run", (_, executable, on, why, todo) => {
  const misfit = misfitOf(executable, on);
  expect(misfit?.why).toContain(why);
  expect(misfit?.todo).toContain(todo);
});
