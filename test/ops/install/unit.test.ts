import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUnitFor, type UnitSettings, unitText } from "../../../src/ops/install/unit.ts";
import { run } from "../../../src/prove/lab/run.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fairway-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const usual: UnitSettings = {
  executable: "/opt/cni/bin/fairway-full",
  socket: "/run/fairway/agent.sock",
  dataDir: "/var/lib/fairway",
  confDir: "/etc/cni/net.d",
  writesConf: false,
};

const lineOf = (text: string, key: string): string[] =>
  text.split("\n").filter((line) => line.startsWith(`${key}=`));

test("it starts the executable with the socket, the ledger's folder and the runtime's", () => {
  expect(lineOf(unitText(usual), "ExecStart")).toEqual([
    'ExecStart="/opt/cni/bin/fairway-full" agent --socket "/run/fairway/agent.sock" --data-dir "/var/lib/fairway" --conf-dir "/etc/cni/net.d" $AGENT_OPTIONS',
  ]);
});

test("a path with systemd's own signs is written so that it means itself", () => {
  const text = unitText({ ...usual, dataDir: '/a b/%h/$x/"q"\\\n' });
  expect(lineOf(text, "ExecStart")[0]).toContain(
    '--data-dir "/a b/%%h/$$x/\\"q\\"\\\\\\n" --conf-dir',
  );
});

test("where it keeps a copy up to date, it may write to the runtime's folder, and else not", () => {
  expect(lineOf(unitText(usual), "ReadWritePaths")).toEqual([]);
  const text = unitText({ ...usual, writesConf: true, confDir: "/a b/$x" });
  expect(lineOf(text, "ReadWritePaths")).toEqual(['ReadWritePaths="-/a b/$x"']);
});

test.each([
  ["/run/fairway/agent.sock", ["RuntimeDirectory=fairway"]],
  ["/run/cni-x.y/s", ["RuntimeDirectory=cni-x.y"]],
  ["/run/agent.sock", []],
  ["/run/a/b/agent.sock", []],
  ["/run/a b/agent.sock", []],
  ["/var/lib/fairway/agent.sock", []],
])("the folder of %s", (socket, lines) => {
  expect(lineOf(unitText({ ...usual, socket }), "RuntimeDirectory")).toEqual(lines);
});

test("a unit is ours where it was written for one of the programs", () => {
  const text = unitText(usual);
  expect(isUnitFor(text, ["/opt/cni/bin/fairway", usual.executable])).toBe(true);
  expect(isUnitFor(text, ["/opt/cni/bin/fairway"])).toBe(false);
  expect(isUnitFor(text.replace(/^.*\n/, ""), [usual.executable])).toBe(false);
  expect(isUnitFor("", [usual.executable])).toBe(false);
});

test.each([
  ["as usual", "/run/fairway/agent.sock", "/var/lib/fairway"],
  ["in places with systemd's own signs", "/var/lib/x/agent.sock", '/var/a b/%h/$x/"q"\\'],
])("systemd-analyze verify has nothing to say of it, %s", (_, socket, dataDir) => {
  const executable = join(folder, "fairway-full");
  cpSync("/bin/true", executable);
  chmodSync(executable, 0o755);
  const units = join(folder, "units");
  mkdirSync(units, { recursive: true });
  const path = join(units, "fairway-agent.service");
  writeFileSync(path, unitText({ ...usual, executable, socket, dataDir }));
  const verify = () => run(["systemd-analyze", "verify", "--man=no", path]);
  expect(verify()).toEqual({ code: 0, stdout: "", stderr: "" });
  // It does look.
  writeFileSync(
    path,
    unitText({ ...usual, executable, socket, dataDir }).replace("Restart=always", "Restart=ever"),
  );
  expect(verify().stderr).toContain("restart specifier");
});
