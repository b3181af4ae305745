/**
 * The builds on hosts that this machine is not: other processors by qemu-user, and a root that has musl and no
 * glibc. scripts/test-builds makes them, and what they run on.
 */
import { expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runChild } from "../../src/ops/child.ts";
import type { Finding } from "../../src/ops/doctor/finding.ts";
import { repository } from "../support/binary.ts";

const dist = join(repository, "dist");
const tools = join(dist, "test-tools");

/** How a host runs a file of `dist`. */
type Host = (file: string, ...args: string[]) => string[];

const native: Host = (file, ...args) => [join(dist, file), ...args];

const qemu =
  (processor: string, ...options: string[]): Host =>
  (file, ...args) => [
    join(tools, `debian/usr/bin/qemu-${processor}-static`),
    ...options,
    join(dist, file),
    ...args,
  ];

const nehalem = qemu("x86_64", "-cpu", "Nehalem");
const tooOld = qemu("x86_64", "-cpu", "qemu64");
const arm64 = qemu("aarch64", "-L", join(tools, "debian/usr/aarch64-linux-gnu"));

const mounted =
  'cd "$0"; mount -t proc proc proc; mount --bind "$1" dist; shift; exec chroot . "$@"';

/**
 * A root with nothing but these libraries. The program is its first process, as in a container, and what is mounted
 * there goes with it.
 */
function withRoot(libraries: string[], use: (host: Host, root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), "fairway-root-"));
  try {
    for (const folder of ["proc", "dist", "lib", "tmp", "opt"]) mkdirSync(join(root, folder));
    for (const name of libraries)
      cpSync(join(tools, "musl", name), join(root, "lib", name), { verbatimSymlinks: true });
    const host: Host = (file, ...args) => [
      ...["unshare", "--mount", "--pid", "--fork", "sh", "-euc", mounted, root, dist],
      ...[file.startsWith("/") ? file : `/dist/${file}`, ...args],
    ];
    use(host, root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const loader = ["ld-musl-x86_64.so.1", "libc.musl-x86_64.so.1"];
const muslLibraries = readdirSync(join(tools, "musl"));

const run = (argv: string[], env: Record<string, string> = {}, stdin = ""): CommandResult =>
  runChild(argv, { env, stdin, timeoutMs: 60_000 });

const config = { cniVersion: "1.0.0", name: "pods", type: "fairway" };
const verb = (name: string): Record<string, string> => ({
  CNI_COMMAND: name,
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/none",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
});

/** What needs no network: what each host answers has to be what this one does. */
function expectWhole(host: Host, file: string): void {
  const answers = (argv: (...args: string[]) => string[]): unknown[] => {
    const [version, wrong] = [
      run(argv(), verb("VERSION"), JSON.stringify(config)),
      run(argv(), verb("ADD"), JSON.stringify({ ...config, ipam: { subnet: "no subnet" } })),
    ];
    const help = run(argv("install", "--help"));
    return [version, { ...wrong, stderr: "" }, help];
  };
  expect(answers((...args) => host(file, ...args))).toEqual(
    answers((...args) => native("fairway", ...args)),
  );
}

const builds: [string, Host, string, string][] = [
  ["x86-64, on a processor without AVX2", nehalem, "fairway", "linux-x64"],
  ["arm64", arm64, "fairway-arm64", "linux-arm64"],
];

test.each(builds)("the build for %s", (_, host, file, target) => {
  const { stdout } = run(host(file, "--version"));
  expect(stdout).toMatch(new RegExp(`^\\d+\\.\\d+\\.\\d+ \\(build [0-9a-f]{12}, ${target}\\)\\n$`));
  expectWhole(host, file);
});

test.each(builds)("the build for %s calls the C library, as far as qemu does", (_, host, file) => {
  const dataDir = mkdtempSync(join(tmpdir(), "fairway-data-"));
  try {
    const asked = {
      ...config,
      cniVersion: "1.1.0",
      dataDir,
      ipam: { subnet: "198.18.55.0/24" },
      uplink: { name: "lo", egressCapacity: "1G", ingressCapacity: "1G" },
    };
    const { code, stdout } = run(host(file), verb("STATUS"), JSON.stringify(asked));
    // qemu-user has no nfnetlink: the call was made, and its error was read.
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining("netlink: ") });
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

test("a processor that is too old ends the executable by a signal, and the launcher says why", () => {
  const died = run(tooOld("fairway", "--version"));
  expect(died).toMatchObject({ code: null, stdout: "" });
  expect(died.stderr).toContain("Illegal instruction");

  const folder = mkdtempSync(join(tmpdir(), "fairway-bin-"));
  try {
    copyFileSync(join(dist, "fairway-launcher-x64"), join(folder, "fairway"));
    writeFileSync(join(folder, "agent.socket-path"), join(folder, "no-agent"));
    const [qemuPath = "", ...options] = tooOld("fairway");
    const launched = [qemuPath, ...options.slice(0, -1), join(folder, "fairway")];
    const { code, stdout } = run(launched, verb("STATUS"), JSON.stringify(config));
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 50,
      msg: expect.stringMatching(/^no fallback: .* this processor lacks SSE4\.2/),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the build for musl, where there is no glibc", () =>
  withRoot(muslLibraries, (host) => {
    expect(run(host("fairway-x64-musl", "--version")).stdout).toContain(", linux-x64-musl)");
    expectWhole(host, "fairway-x64-musl");
  }));

test("a container with musl does not place its build on a node with glibc, whose processes it sees", () =>
  withRoot(muslLibraries, (host, root) => {
    // Alone in its folder: of several builds it would take the one for glibc.
    mkdirSync(join(root, "own"));
    copyFileSync(join(dist, "fairway-x64-musl"), join(root, "own/fairway-x64-musl"));
    const argv = host("/own/fairway-x64-musl", "install", "--subnet", "198.18.55.0/24");
    // The shell stays the first process, and has the root of this machine: without the musl that
    // scripts/test-builds has laid over it.
    const bare = "if grep -q ^fairway-test-builds /proc/mounts; then umount --lazy /usr/lib; fi; ";
    const inside = argv.map((each) =>
      each === mounted ? bare + mounted.replace("exec chroot", "chroot") : each,
    );
    const ended = run(inside);
    expect(ended).toEqual({
      code: 1,
      stdout: "",
      stderr: [
        "fairway: this node cannot run /own/fairway-x64-musl: it is started by musl's loader, and there is no /lib/ld-musl-x86_64.so.1 on this host",
        "  nothing was placed; take the build fairway: run its `install`",
        "",
      ].join("\n"),
    });
    expect(readdirSync(join(root, "opt"))).toEqual([]);
  }));

test("the build for musl without libstdc++ does not start", () =>
  withRoot(loader, (host) => {
    const { code, stderr } = run(host("fairway-x64-musl", "--version"));
    expect({ code, stderr }).toEqual({
      code: 127,
      stderr: expect.stringContaining("Error loading shared library libstdc++.so.6"),
    });
  }));

test("where there is no glibc, the launcher and doctor say that there is no fallback", () =>
  withRoot(muslLibraries, (host, root) => {
    copyFileSync(join(dist, "fairway-launcher-x64"), join(root, "opt/fairway"));
    copyFileSync(join(dist, "fairway"), join(root, "opt/fairway-full"));

    const { code, stdout } = run(host("/opt/fairway"), verb("STATUS"), JSON.stringify(config));
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 50,
      msg: expect.stringMatching(/^no fallback: .*\/opt\/fairway-full .* built for another libc$/),
    });

    const doctor = run(host("fairway-x64-musl", "doctor", "--json", "--bin-dir", "/opt"));
    const { findings } = JSON.parse(doctor.stdout) as { findings: Finding[] };
    expect(findings.filter(({ id }) => id === "install.fits")).toEqual([
      { id: "install.fits", level: "ok", found: "this node can run /opt/fairway", todo: null },
      {
        id: "install.fits",
        level: "error",
        found:
          "no fallback: verbs work only while the agent takes them, as this node cannot run /opt/fairway-full: it is started by glibc's loader, and there is no /lib64/ld-linux-x86-64.so.2 on this host",
        todo: "take the build fairway-x64-musl: run its `install`",
      },
    ]);
  }));
