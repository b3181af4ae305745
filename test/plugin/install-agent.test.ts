/** `install --agent` on a node with a real systemd: the unit, what it starts and ends, and its way off. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { version } from "../../src/ops/version.ts";
import { binary } from "../support/binary.ts";
import { plugin, type SystemdNode, unit, withSystemdNode } from "../support/systemd/node.ts";
import { until } from "../support/until.ts";
import { dumpFiles } from "../support/whole.ts";

const full = "/opt/cni/bin/fairway-full";
const unitFile = `/etc/systemd/system/${unit}`;

function must({ code, stdout, stderr }: CommandResult): string {
  expect({ code, stderr, stdout }).toMatchObject({ code: 0, stderr: "" });
  return stdout;
}

/** On a machine with other work a launcher may not wait long enough for the agent, and does the verb itself. */
async function untilServed(node: SystemdNode, pod: string): Promise<void> {
  await until("the agent serves ADD, CHECK and DEL", () =>
    node.cycle(pod).every((pid) => pid === node.agentPid()),
  );
}

/** Another agent than the one with this id, which serves. */
async function untilAnother(node: SystemdNode, former: number): Promise<void> {
  await until("another agent runs", () => {
    const pid = node.agentPid();
    return isActive(node) && pid > 0 && pid !== former;
  });
}

const isActive = (node: SystemdNode): boolean =>
  node.property(unit, "ActiveState") === "active" && node.property(unit, "SubState") === "running";

/** Files of ours, and those of systemd that lead to ours. */
/** An agent that starts may make the base in advance, which the ledger records. */
const withoutLedger = (dump: string): string =>
  dump.replace(/^.*\/(ledger\.db|nft-generations|at-work)\S* .*\n?/gm, "");

const files = (node: SystemdNode): string =>
  ["/opt/cni", "/etc/cni", "/etc/systemd/system", "/var/lib/fairway", "/run/fairway"]
    .map((path) => {
      try {
        return withoutLedger(dumpFiles(node.path(path)));
      } catch {
        return "";
      }
    })
    .join("\n");

test("install --agent: it is ready when the command ends, verbs are served, and uninstall takes all away", () =>
  withSystemdNode(async (node) => {
    const before = files(node);
    const planned = must(node.install("--agent", "--dry-run"));
    expect(files(node)).toBe(before);
    const said = must(node.install("--agent"));
    expect(planned).toBe(`${said}nothing was done: --dry-run\n`);
    expect(said).toContain(
      `write ${full} (${version})\nwrite ${plugin} (the launcher)\nlink /opt/cni/bin/fairway-ipam to fairway\nwrite ${unitFile}\n`,
    );
    expect(said).toContain(`enable and start ${unit}\n`);
    // Type=notify: whoever starts it waits until it serves.
    expect(isActive(node)).toBe(true);
    expect(node.property(unit, "UnitFileState")).toBe("enabled");
    expect(
      node.must("curl", "-sS", "--unix-socket", "/run/fairway/agent.sock", "http://a/readyz"),
    ).toBe("ok\n");
    expect(node.must("stat", "-c", "%a", "/run/fairway", "/run/fairway/agent.sock")).toBe(
      "700\n600\n",
    );
    expect(node.run(["systemd-analyze", "verify", "--man=no", unit])).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(must(node.install("--agent"))).toStartWith(`nothing changed: ${version}`);

    const pod = node.addPod("a");
    await untilServed(node, pod);
    const config = { "cni.dev/valid-attachments": [] };
    for (const name of ["STATUS", "GC", "VERSION"])
      expect(node.verb(name, pod, { config })).toMatchObject({ code: 0 });
    // What the agent declined it would say.
    const page = JSON.parse(
      node.must("curl", "-sS", "--unix-socket", "/run/fairway/agent.sock", "http://a/version"),
    ) as { verbs: { lastDeclined: unknown } };
    expect([null, expect.stringContaining("took too long")]).toContainEqual(
      page.verbs.lastDeclined,
    );

    // It is the installed launcher that becomes the executable that it takes away.
    const gone = must(node.run([plugin, "uninstall"]));
    expect(gone).toStartWith(`stop and disable ${unit}\n`);
    for (const path of [plugin, full, unitFile]) expect(gone).toContain(`remove ${path}\n`);
    expect(gone).not.toContain("kept:");
    expect(files(node)).toBe(before);
    expect(node.property(unit, "LoadState")).toBe("not-found");
    expect(node.agentPid()).toBe(0);
  }));

/** Its mounts are its own: a folder of namespaces that becomes a mount only later has to come in all the same. */
test("a namespace that is the first to be named after the agent was started is served, too", () =>
  withSystemdNode(async (node) => {
    node.must("umount", "--lazy", "/run/netns");
    must(node.install("--agent"));
    node.must("ip", "netns", "add", "late");
    expect(node.must("cat", "/proc/self/mountinfo")).toContain(" /run/netns/late ");
    await untilServed(node, "late");
    node.must("ip", "netns", "del", "late");
    // A runtime's own way: a file, and the namespace mounted on it.
    node.must("sh", "-c", "touch /run/netns/own && unshare --net=/run/netns/own true");
    await untilServed(node, "own");
  }));

test("with tools in place of messages, too", () =>
  withSystemdNode(async (node) => {
    must(node.install("--agent"));
    node.must("mkdir", "-p", `${unitFile}.d`);
    writeFileSync(
      node.path(`${unitFile}.d/tools.conf`),
      "[Service]\nEnvironment=FAIRWAY_BACKEND=exec\n",
    );
    node.must("systemctl", "daemon-reload");
    node.must("systemctl", "restart", unit);
    await untilServed(node, node.addPod("a"));
    expect(must(node.fairway("uninstall"))).toContain(`kept: ${unitFile}.d: what somebody changed`);
  }));

test("an agent that is killed, or stands still, is started anew; verbs go on meanwhile", () =>
  withSystemdNode(async (node) => {
    must(node.install("--agent"));
    const pod = node.addPod("a");
    for (const signal of ["KILL", "STOP"]) {
      const former = node.agentPid();
      node.must("kill", `-${signal}`, String(former));
      const without = node.cycle(pod);
      if (signal === "STOP") expect(without).not.toContain(former);
      await untilAnother(node, former);
      await untilServed(node, pod);
    }
    expect(Number(node.property(unit, "NRestarts"))).toBe(2);
    // The watchdog's limit, and that nothing is waited for once it has passed.
    expect(node.property(unit, "WatchdogUSec")).toBe("4.500000s");
  }));

test("without --agent a newer executable is put in its place, and the agent that runs is started anew", () =>
  withSystemdNode(async (node) => {
    must(node.install("--agent"));
    const pod = node.addPod("a");
    await untilServed(node, pod);
    const former = node.agentPid();
    const other = node.path("/opt/other-build");
    const bytes = readFileSync(binary);
    bytes[15] = 1;
    writeFileSync(other, bytes, { mode: 0o755 });
    const said = must(node.run(["/opt/other-build", "install"]));
    expect(said).toStartWith(`replace ${full} (${version} by ${version})\nstart ${unit} anew\n`);
    expect(isActive(node)).toBe(true);
    expect(node.agentPid()).not.toBe(former);
    await untilServed(node, pod);
    // From the installed place itself nothing is to be done, and nothing is lost.
    const link = "/opt/in-path";
    node.must("ln", "-s", full, link);
    const before = files(node);
    for (const path of [plugin, full, link])
      expect(must(node.run([path, "install"]))).toStartWith("nothing changed");
    expect(files(node)).toBe(before);
    // An operator who has stopped it means it.
    node.must("systemctl", "stop", unit);
    expect(must(node.fairway("install"))).not.toContain(unit);
    expect(isActive(node)).toBe(false);
    expect(node.cycle(pod)).not.toContain(0);
  }));

test("--no-agent takes the unit off, and the launcher stays; --socket moves the agent", () =>
  withSystemdNode(async (node) => {
    must(node.install("--agent"));
    const pod = node.addPod("a");
    const moved = must(node.install("--agent", "--socket", "/run/elsewhere/s"));
    expect(moved).toContain("write /opt/cni/bin/agent.socket-path (/run/elsewhere/s)\n");
    expect(moved).toStartWith(`stop ${unit}\n`);
    expect(moved).toContain(`reload systemd's units\nstart ${unit}\n`);
    await untilServed(node, pod);
    expect(node.run(["ls", "/run/fairway"]).code).not.toBe(0);
    expect(node.must("stat", "-c", "%a", "/run/elsewhere")).toBe("700\n");
    expect(must(node.install())).toStartWith("nothing changed");

    const off = must(node.install("--no-agent"));
    expect(off).toStartWith(`stop and disable ${unit}\nremove ${unitFile}\n`);
    expect(node.agentPid()).toBe(0);
    node.cycle(pod);
    expect(must(node.install("--no-agent"))).toStartWith("nothing changed");
    expect(must(node.install("--socket", "/run/fairway/agent.sock"))).toContain(
      "remove /opt/cni/bin/agent.socket-path\n",
    );
    must(node.fairway("uninstall"));
    expect(files(node).trim()).toBe("");
  }));

test("where the agent cannot start, install says why, and the node is as before", () =>
  withSystemdNode(async (node) => {
    const before = files(node);
    // It is no folder, so no socket can be made below it.
    node.must("mkdir", "-p", "/var/lib/thing");
    writeFileSync(node.path("/var/lib/thing/file"), "");
    const { code, stdout, stderr } = node.install(
      "--agent",
      "--socket",
      "/var/lib/thing/file/agent.sock",
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`systemctl enable --now ${unit} failed`);
    expect(stderr).toContain("--no-agent");
    expect(files(node)).toBe(before);
    expect(node.property(unit, "LoadState")).toBe("not-found");
    // On an upgrade the former agent goes on.
    must(node.install("--agent"));
    const installed = files(node);
    expect(node.install("--socket", "/var/lib/thing/file/agent.sock").code).toBe(1);
    expect(files(node)).toBe(installed);
    expect(isActive(node)).toBe(true);
    await untilServed(node, node.addPod("a"));
  }));

test("an uninstall that is refused leaves the agent as it is", () =>
  withSystemdNode((node) => {
    must(node.install("--agent"));
    const pod = node.addPod("a");
    expect(node.verb("ADD", pod).code).toBe(0);
    const former = node.agentPid();
    expect(node.fairway("uninstall")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("1 pod lives"),
    });
    expect(node.agentPid()).toBe(former);
    expect(must(node.fairway("uninstall", "--force", "--dry-run"))).toContain(
      `stop and disable ${unit}\n`,
    );
    expect(node.agentPid()).toBe(former);
    must(node.fairway("uninstall", "--force"));
    expect(node.agentPid()).toBe(0);
  }));

/** /etc is read-only to the unit, but for that one folder. */
test("behind another network: the unit lets the agent keep the copy up to date", () =>
  withSystemdNode(async (node) => {
    const folder = node.path("/etc/cni/net.d");
    mkdirSync(folder, { recursive: true });
    const [original, copy] = ["10-other.conflist", "00-fairway-chained.conflist"].map((name) =>
      join(folder, name),
    ) as [string, string];
    const other = { cniVersion: "1.0.0", name: "other", plugins: [{ type: "bridge" }] };
    writeFileSync(original, JSON.stringify(other));
    const before = files(node);
    const chain = ["--uplink", "uplink", "--egress-capacity", "1G", "--ingress-capacity", "1G"];
    expect(must(node.fairway("install", "--chain", "--agent", ...chain))).toContain(
      "write /etc/cni/net.d/00-fairway-chained.conflist\nreload systemd's units\nenable and start",
    );
    expect(readFileSync(copy, "utf8")).toContain('"type": "fairway"');
    writeFileSync(original, JSON.stringify({ ...other, cniVersion: "0.4.0" }));
    await until("the copy follows", () => readFileSync(copy, "utf8").includes('"0.4.0"'));
    rmSync(original);
    await until("the copy goes", () => !existsSync(copy));
    writeFileSync(original, JSON.stringify(other));
    await until("the copy is back", () => existsSync(copy));
    must(node.run([plugin, "uninstall"]));
    expect(files(node)).toBe(before);
  }));
