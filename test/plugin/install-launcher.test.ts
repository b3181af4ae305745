/** `install` with the launcher, without it, from one to the other, and with the agent's unit where no systemd runs. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { launcherMark } from "../../src/ops/install/launcher-file.ts";
import { version } from "../../src/ops/version.ts";
import { binary } from "../support/binary.ts";
import { must, plain, refused, type Site, usualPath, withSite } from "../support/site.ts";

const launcher = join(dirname(binary), `fairway-launcher-${process.arch}`);
const other = join(dirname(binary), `fairway-launcher-${process.arch === "x64" ? "arm64" : "x64"}`);
const unit = "fairway-agent.service";

/** The executable without a launcher beside it. */
function alone({ root }: Site): string {
  const path = join(root, "alone/fairway");
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) cpSync(binary, path);
  return path;
}

const from = (site: Site, executable: string, ...args: string[]) =>
  site.fairway(executable, "install", ...site.folders, "--data-dir", site.dataDir, ...args);

const same = (a: string, b: string): boolean => readFileSync(a).equals(readFileSync(b));

/** Calls the plugin again and again while something happens. Each call must succeed. */
async function whileCalled(site: Site, act: () => void): Promise<void> {
  const stop = join(site.root, "stop");
  const calls = Bun.spawn(
    [
      ...["ip", "netns", "exec", site.lab.node, "sh", "-c"],
      `while [ ! -e ${stop} ]; do ${site.plugin} </dev/null >/dev/null || exit 1; echo; done`,
    ],
    {
      env: { CNI_COMMAND: "VERSION", PATH: usualPath },
      ...{ stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    },
  );
  const reader = calls.stdout.getReader();
  await reader.read();
  act();
  writeFileSync(stop, "");
  expect(await calls.exited).toBe(0);
  rmSync(stop);
}

const cycle = (site: Site): void => {
  const pod = site.lab.addPod("a");
  must(site.verb("ADD", pod));
  must(site.verb("DEL", pod));
  site.run("ip", "netns", "del", pod);
};

test("without a launcher the executable is placed alone, and that is told", () =>
  withSite((site) => {
    const executable = alone(site);
    const said = must(from(site, executable, ...plain));
    expect(said).toContain(`write ${site.plugin} (${version})\n`);
    expect(said).toContain(
      `note: there is no launcher (${join(dirname(executable), `fairway-launcher-${process.arch}`)})`,
    );
    expect(readdirSync(site.binDir).sort()).toEqual(["fairway", "fairway-ipam"]);
    expect(same(site.plugin, binary)).toBe(true);
    const before = site.files();
    expect(must(from(site, site.plugin))).toContain(`nothing changed: ${version}`);
    for (const option of ["--agent", "--socket=/run/x/s"])
      refused(from(site, executable, option), "there is no launcher", "scripts/build-launcher");
    expect(site.files()).toBe(before);
    cycle(site);
    must(site.fairway(site.plugin, "uninstall", ...site.folders));
    expect(readdirSync(site.root).sort()).toEqual(["alone"]);
  }));

test("from the executable alone to a launcher and to newer ones, with the plugin called all along", () =>
  withSite(async (site) => {
    const executable = alone(site);
    must(from(site, executable, ...plain));
    await whileCalled(site, () => {
      // From the installed place itself, which becomes the executable beside the launcher.
      expect(must(from(site, site.plugin, "--launcher", launcher))).toStartWith(
        `write ${site.full} (${version})\nreplace ${site.plugin} (the executable by the launcher)\n`,
      );
      expect(same(site.full, binary)).toBe(true);
      expect(same(site.plugin, launcher)).toBe(true);
      for (const path of [site.plugin, site.full, executable])
        expect(must(from(site, path))).toStartWith("nothing changed");
      // An older version knows nothing of a launcher, and replaces what bears the plugin's name.
      cpSync(binary, join(site.binDir, ".old"));
      renameSync(join(site.binDir, ".old"), site.plugin);
      const said = must(from(site, executable));
      expect(said).toContain(`${site.full} is there, and without a launcher nobody needs it`);
      expect(must(site.install())).toStartWith(
        `replace ${site.plugin} (the executable by the launcher)\n`,
      );
    });
    cycle(site);
    must(site.fairway(site.full, "uninstall", ...site.folders));
    expect(readdirSync(site.root).sort()).toEqual(["alone"]);
  }));

/** The launcher with something else in it, in a file. */
function changedLauncher(site: Site, change: (bytes: Buffer) => Buffer): string {
  const path = join(site.root, "changed-launcher");
  const bytes = readFileSync(launcher);
  writeFileSync(path, change(bytes), { mode: 0o755 });
  return path;
}

const write = (path: string, text: string): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};

interface Refusal {
  title: string;
  prepare?: (site: Site) => void;
  args: (site: Site) => string[];
  says: string[];
}

const refusals: Refusal[] = [
  {
    title: "a launcher that is not there",
    args: () => ["--launcher", "/nonexistent/launcher"],
    says: ["cannot read the launcher /nonexistent/launcher"],
  },
  {
    title: "a launcher for another processor",
    args: () => ["--launcher", other],
    says: ["is no launcher for this machine", "this machine is"],
  },
  {
    title: "a launcher that is no program",
    args: ({ root }) => ["--launcher", write(join(root, "script"), `#!/bin/sh\n: ${launcherMark}`)],
    says: ["is no launcher for this machine: it is no program (ELF)"],
  },
  {
    title: "the executable as a launcher",
    args: () => ["--launcher", binary],
    says: ["which no launcher has"],
  },
  {
    title: "a launcher that was cut",
    args: (site) => ["--launcher", changedLauncher(site, (b) => b.subarray(0, 12_000))],
    says: ["it is cut off"],
  },
  {
    title: "a launcher that ends in the middle: what was done until then is undone",
    args: (site) => [
      "--launcher",
      changedLauncher(site, (b) => {
        // Its code, which is the third part of the file, is not what it was.
        const code = Number(b.readBigUInt64LE(64 + 2 * 56 + 8));
        return b.fill(0, code, code + 4096);
      }),
    ],
    says: ["could not write", "it was tried as", "nothing was changed"],
  },
  {
    title: "somebody else's file in the executable's place",
    prepare: ({ full }) => void write(full, "#!/bin/sh\n"),
    args: () => [],
    says: ["fairway-full is there, and is no Fairway", "it is not overwritten"],
  },
  {
    title: "a link in the executable's place",
    prepare: ({ binDir, full }) => {
      mkdirSync(binDir, { recursive: true });
      symlinkSync(binary, full);
    },
    args: () => [],
    says: ["is a link to"],
  },
  {
    title: "a file in the place of the socket's path that names none",
    prepare: ({ binDir }) => void write(join(binDir, "agent.socket-path"), "x\n"),
    args: () => [],
    says: ["agent.socket-path is there, and names no socket"],
  },
  {
    title: "somebody else's unit of our name",
    prepare: ({ unitDir }) => void write(join(unitDir, unit), "[Unit]\n"),
    args: () => ["--agent"],
    says: [`${unit} is there, and \`fairway install\` did not write it for`, "--unit-dir"],
  },
];

describe("install refuses, and changes nothing", () => {
  test.each(refusals.map((each) => [each.title, each] as const))(
    "%s",
    (_, { prepare, args, says }) =>
      withSite((site) => {
        prepare?.(site);
        const given = args(site);
        const before = site.files();
        refused(site.install(...plain, ...given), ...says);
        expect(site.files()).toBe(before);
      }),
  );
});

test("--agent where no systemd looks: the unit is written, the commands are told, and uninstall takes it away", () =>
  withSite((site) => {
    const path = join(site.unitDir, unit);
    const said = must(
      site.install(...plain, "--agent", "--socket", join(site.root, "s/agent.sock")),
    );
    expect(said).toContain(`make ${site.unitDir}\n`);
    expect(said).toContain(`write ${path}\n`);
    expect(said).toContain(`note: systemd does not run here`);
    expect(said).toContain(`systemctl enable --now ${path}`);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(
      `ExecStart="${site.full}" agent --socket "${site.root}/s/agent.sock" --data-dir "${site.dataDir}" --conf-dir "${site.confDir}" $AGENT_OPTIONS\n`,
    );
    // An upgrade needs no options, not even the unit's folder.
    const [first = "", second = "", ...more] = site.folders;
    const upgraded = must(
      site.fairway(
        site.plugin,
        "install",
        first,
        second,
        ...more.slice(0, 2),
        "--data-dir",
        site.dataDir,
      ),
    );
    expect(upgraded).toStartWith("nothing changed");
    refused(site.install("--unit-dir", join(site.root, "elsewhere")), "installed with --unit-dir");
    // As systemd makes it where it runs.
    symlinkSync(path, join(mkdirIn(site.unitDir, "multi-user.target.wants"), unit));
    write(`${path}.d/mine.conf`, "[Service]\n");
    const gone = must(site.uninstall());
    expect(gone).toContain(`remove ${path}\n`);
    expect(gone).toContain(`kept: ${path}.d: what somebody changed of the agent's unit`);
    rmSync(`${path}.d`, { recursive: true });
    expect(readdirSync(join(site.unitDir, "multi-user.target.wants"))).toEqual([]);
    expect(readdirSync(site.unitDir)).toEqual(["multi-user.target.wants"]);
    expect(existsSync(site.binDir)).toBe(false);
  }));

function mkdirIn(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

test("uninstall keeps what is others' under the names of launcher, executable, socket's path and unit", () =>
  withSite((site) => {
    must(site.install(...plain));
    const kept = [
      site.plugin,
      site.full,
      join(site.binDir, "agent.socket-path"),
      join(site.unitDir, unit),
    ];
    for (const path of kept) {
      rmSync(path, { force: true });
      write(path, "x");
      chmodSync(path, 0o755);
    }
    const said = must(site.uninstall("--data-dir", site.dataDir));
    for (const path of kept) {
      expect(said).toContain(`kept: ${path}: `);
      expect(existsSync(path)).toBe(true);
    }
  }));
