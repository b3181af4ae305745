/** README.md and the pages about installing and the agent, on a machine with a real systemd, as a reader types them. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { withLab } from "../../src/prove/lab/lab.ts";
import { setSysctl } from "../../src/prove/lab/namespaces.ts";
import { repository } from "../support/binary.ts";
import { agrees, blockThat, consoleOf, withInPlace } from "../support/page.ts";
import { type Machine, withMachine } from "../support/systemd/machine.ts";
import { until } from "../support/until.ts";
import { renameUplink } from "./reader-node.ts";

const install = "docs/install.md";

/** Runs commands in the repository, where the first that fails ends them. What they printed. */
const typedOn = (machine: Machine, commands: string): string => {
  const { code, stdout, stderr } = machine.run(["sh", "-ec", `cd "$0"\n${commands}`, repository]);
  if (code === 0) return stdout + stderr;
  throw new Error(`${commands}\nended with ${code}: ${stdout}${stderr}`);
};

function follows(machine: Machine, block: string): void {
  for (const { command, output } of consoleOf(block)) {
    const printed = typedOn(machine, command);
    if (!agrees(printed, output)) expect(`${command}\n${printed}`).toBe(`${command}\n${output}`);
  }
}

const dropIn = "/etc/systemd/system/fairway-agent.service.d";

/** The agent's unit has a drop-in meanwhile, as `systemctl edit` writes one. */
async function withDropIn(
  machine: Machine,
  text: string,
  use: () => void | Promise<void>,
): Promise<void> {
  typedOn(machine, `mkdir ${dropIn}`);
  writeFileSync(machine.path(`${dropIn}/override.conf`), text);
  typedOn(machine, "systemctl daemon-reload && systemctl restart fairway-agent.service");
  await use();
  typedOn(machine, `rm -r ${dropIn} && systemctl daemon-reload`);
}

test("installed by hand, with the agent, asked, and taken off again", () =>
  withLab({ prefix: "fwd" }, (lab) => {
    renameUplink(lab.node);
    // A namespace begins with what the machine has.
    setSysctl(lab.node, "net.ipv4.ip_forward", "0");
    return withMachine(lab.node, async (machine) => {
      // Until it is installed, it is what was built.
      typedOn(machine, "ln -s $PWD/dist/fairway /usr/local/bin/fairway");
      follows(machine, blockThat(install, "# fairway install --subnet"));
      typedOn(machine, `rm /usr/local/bin/fairway\n${blockThat(install, "ln -s")}`);
      follows(machine, blockThat(install, "# fairway install --agent"));

      const healthy = typedOn(machine, blockThat("docs/agent.md", "curl --unix-socket"));
      expect(healthy).toContain("ok");
      expect(typedOn(machine, blockThat("docs/metrics.md", "curl --unix-socket"))).toContain(
        "fairway_build_info{",
      );
      // The reader has a configuration, and /tmp is every test's.
      const folder = typedOn(machine, "mktemp -d /var/reader.XXXXXX").trim();
      writeFileSync(machine.path(`${folder}/conf.json`), '{"cniVersion": "1.1.0"}');
      const byHand = withInPlace(blockThat("docs/agent-reference.md", "{ printf"), {
        "/tmp/verb": `${folder}/verb`,
      });
      const answer = typedOn(machine, `cd ${folder}\n${byHand}`);
      expect(answer).toContain("Fairway-Exit: 0");
      expect(answer).toContain('"supportedVersions"');

      await withDropIn(machine, blockThat(install, "[Service]"), () =>
        until("the agent has the options of the drop-in", () =>
          machine
            .must("cat", `/proc/${machine.property("fairway-agent.service", "MainPID")}/cmdline`)
            .includes("--repair\0observe"),
        ),
      );
      await withDropIn(machine, blockThat("docs/ui.md", "[Service]"), () => {
        follows(machine, blockThat("docs/ui.md", "# fairway ui"));
        const opened = "curl -sSL -c cookies -b cookies $(fairway ui 2>/dev/null)";
        expect(typedOn(machine, `cd ${folder}\n${opened}`)).toContain("<title>Fairway</title>");
      });

      follows(machine, blockThat("docs/uninstall.md", "# fairway uninstall"));
    });
  }));

test("README.md: put on a node, and doctor finds no error", () =>
  withLab({ prefix: "fwd" }, (lab) => {
    renameUplink(lab.node);
    return withMachine(lab.node, (machine) => {
      const [load = "", ...lines] = blockThat("README.md", "modprobe br_netfilter").split("\n");
      // The kernel is every test's. The module is there, or it could not be set up.
      expect(load).toBe("modprobe br_netfilter");
      typedOn(machine, "test -d /proc/sys/net/bridge");
      const said = typedOn(
        machine,
        withInPlace(lines.join("\n"), { "10.244.1.0/24": "198.19.1.0/24" }),
      );
      expect(said).toContain("nothing was done: --dry-run");
      expect(said).toContain("enable and start fairway-agent.service");
      expect(said).toContain("0 errors");
      expect(typedOn(machine, "cat /etc/modules-load.d/fairway.conf")).toBe("br_netfilter\n");
    });
  }));
