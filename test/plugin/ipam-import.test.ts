/** `fairway ipam`: host-local's folder taken over, whose addresses are whose, one given back. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "../support/binary.ts";
import { type TestNode, withNode } from "../support/node.ts";
import { hasReference, toolsFolder } from "../support/reference.ts";

type Json = Record<string, unknown>;

interface Listed {
  network: string;
  address: string;
  state: string;
  holder: string | null;
  pod: string | null;
}

interface Fixture {
  node: TestNode;
  /** A folder as host-local makes it, with these files. */
  folder(files: Record<string, string>): string;
  list(): Listed[];
  /** An IPAM plugin below no main plugin. */
  ipam(
    program: "host-local" | "fairway-ipam",
    verb: string,
    id: string,
    keys: Json,
    around?: Json,
  ): Json;
}

function withFolders(use: (fixture: Fixture) => void): Promise<void> {
  return withNode((node) => {
    symlinkSync(binary, join(node.dataDir, "fairway-ipam"));
    const store = join(node.dataDir, "networks");
    use({
      node,
      folder(files) {
        const path = join(store, "net");
        mkdirSync(path, { recursive: true });
        for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
        return path;
      },
      list: () => JSON.parse(node.fairway("ipam", "list", "--json").stdout) as Listed[],
      ipam(program, verb, id, keys, around = {}) {
        const dataDir = program === "host-local" ? store : node.dataDir;
        const file = join(program === "host-local" ? toolsFolder : node.dataDir, program);
        const text = mustInNamespace(node.lab.node, [file], {
          stdin: JSON.stringify({
            cniVersion: "1.0.0",
            name: "net",
            ipam: { type: program, dataDir, ...keys },
            ...around,
          }),
          env: {
            CNI_COMMAND: verb,
            CNI_CONTAINERID: id,
            CNI_NETNS: "/run/netns/x",
            CNI_IFNAME: "eth0",
            CNI_PATH: toolsFolder,
          },
        });
        return text === "" ? {} : (JSON.parse(text) as Json);
      },
    });
  });
}

const addresses = (result: Json): unknown[] =>
  (result.ips as { address: string }[]).map((ip) => ip.address);

describe.skipIf(!hasReference("host-local"))("a folder that host-local wrote (needs Go)", () => {
  test("is taken over whole: nothing is given twice, and it goes on where host-local was", () =>
    withFolders(({ node, ipam, list }) => {
      const keys = { ranges: [[{ subnet: "198.19.7.0/28" }]] };
      for (const id of ["c1", "c2", "c3", "c4"]) ipam("host-local", "ADD", id, keys);
      ipam("host-local", "DEL", "c2", keys);
      const path = join(node.dataDir, "networks/net");
      const before = readdirSync(path).map((name) => [
        name,
        readFileSync(join(path, name), "utf8"),
      ]);

      const done = node.fairway("ipam", "import", path);
      expect(done).toMatchObject({ code: 0 });
      expect(done.stdout).toContain("network net: 3 addresses taken over, 0 known already");
      expect(done.stdout).toContain("set 0 goes on after 198.19.7.5");
      expect(list()).toMatchObject(
        ["c1", "c3", "c4"].map((id, index) => ({
          network: "net",
          address: `198.19.7.${[2, 4, 5][index]}`,
          state: "reserved",
          holder: `net/${id}/eth0`,
        })),
      );
      const after = readdirSync(path).map((name) => [name, readFileSync(join(path, name), "utf8")]);
      expect(after).toEqual(before);

      // Again: nothing changes.
      const listed = list();
      expect(node.fairway("ipam", "import", path).stdout).toBe(
        "network net: 0 addresses taken over, 3 known already\n",
      );
      expect(list()).toEqual(listed);

      expect(addresses(ipam("fairway-ipam", "ADD", "c5", keys))).toEqual(["198.19.7.6/28"]);
      const prevResult = { cniVersion: "1.0.0", ips: [{ address: "198.19.7.4/28" }] };
      ipam("fairway-ipam", "CHECK", "c3", keys, { prevResult });
      const rest = Array.from({ length: 9 }, (_, index) =>
        String(addresses(ipam("fairway-ipam", "ADD", `d${index}`, keys))[0]),
      );
      expect(rest.at(-1)).toBe("198.19.7.3/28");
      expect(new Set(rest).size).toBe(9);
      ipam("fairway-ipam", "DEL", "c3", keys);
      expect(list().map((a) => a.address)).not.toContain("198.19.7.4");
    }));
});

describe("a folder", () => {
  test("with what older host-locals, dead ones and other systems left", () =>
    withFolders(({ node, folder, list, ipam }) => {
      const path = folder({
        "198.19.7.2": "old-one",
        "198.19.7.3": "c3\r\neth0",
        "198.19.7.4": "c4\neth1\n",
        "198.19.7.9": "",
        "fd00::5": "c3\r\neth0",
        "last_reserved_ip.0": "198.19.7.4",
        "last_reserved_ip.1": "",
        lock: "",
      });
      const done = node.fairway("ipam", "import", path, "--network", "renamed");
      expect(done.stdout.trim().split("\n")).toEqual([
        "198.19.7.2 of old-one",
        "198.19.7.3 of c3/eth0",
        "198.19.7.4 of c4/eth1",
        "fd00::5 of c3/eth0",
        "198.19.7.9 left out: its file is empty, host-local died before a container had it",
        "set 0 goes on after 198.19.7.4",
        "network renamed: 4 addresses taken over, 0 known already",
      ]);
      expect(list().map((a) => a.holder)).toEqual([
        "renamed/old-one/*",
        "renamed/c3/eth0",
        "renamed/c4/eth1",
        "renamed/c3/eth0",
      ]);
      const text = node.fairway("ipam", "list").stdout;
      expect(text).toMatch(/^NETWORK +ADDRESS +STATE +HOLDER +POD +TIME\n/);
      expect(text).toMatch(/renamed +198\.19\.7\.3 +reserved +renamed\/c3\/eth0 +- +since 20/);
      // An interface that the file does not name is any of the container's.
      ipam("fairway-ipam", "DEL", "old-one", {});
      expect(list()).toHaveLength(4);
      const stdin = JSON.stringify({
        cniVersion: "1.0.0",
        name: "renamed",
        ipam: { type: "fairway-ipam", dataDir: node.dataDir },
      });
      const env = { CNI_COMMAND: "DEL", CNI_CONTAINERID: "old-one", CNI_IFNAME: "net7" };
      inNamespace(node.lab.node, [join(node.dataDir, "fairway-ipam")], { stdin, env });
      expect(list().map((a) => a.address)).toEqual(["198.19.7.3", "198.19.7.4", "fd00::5"]);
    }));

  const refused: [string, Record<string, string>, RegExp][] = [
    [
      "with a file of somebody else's",
      { notes: "x" },
      /files that host-local does not make: notes/,
    ],
    ["with a file of three lines", { "198.19.7.8": "a\r\nb\r\nc" }, /198\.19\.7\.8 has 3 lines/],
    [
      "with a last address that is none",
      { "last_reserved_ip.0": "tomorrow" },
      /last_reserved_ip\.0: "tomorrow" is not an IP address/,
    ],
  ];
  test("is refused, and nothing of it taken over", () =>
    withFolders(({ node, folder, list }) => {
      expect(node.fairway("ipam", "import", join(node.dataDir, "none"))).toMatchObject({ code: 1 });
      for (const [title, files, says] of refused) {
        const path = folder({ "198.19.7.2": "c2\r\neth0", ...files });
        const done = node.fairway("ipam", "import", path);
        expect({ title, code: done.code, list: list() }).toEqual({ title, code: 1, list: [] });
        expect(done.stderr).toMatch(says);
        for (const name of Object.keys(files)) node.run("rm", join(path, name));
      }
    }));

  test("that host-local has locked", () =>
    withFolders(({ node, folder, list }) => {
      const path = folder({ "198.19.7.2": "c2\r\neth0", lock: "" });
      const done = inNamespace(node.lab.node, [
        "flock",
        join(path, "lock"),
        binary,
        "ipam",
        "import",
        path,
        "--data-dir",
        node.dataDir,
      ]);
      expect(done).toMatchObject({ code: 1 });
      expect(done.stderr).toMatch(/is locked: host-local is at work/);
      expect(list()).toEqual([]);
    }));

  test("with an address that is somebody else's here: refused in words, and nothing is changed", () =>
    withFolders(({ node, folder, list, ipam }) => {
      ipam("fairway-ipam", "ADD", "mine", { subnet: "198.19.7.0/28" });
      const before = list();
      const path = folder({
        "198.19.7.2": "theirs\r\neth0",
        "198.19.7.3": "c3\r\neth0",
        "last_reserved_ip.5": "198.19.7.3",
      });
      const done = node.fairway("ipam", "import", path);
      expect(done.code).toBe(1);
      expect(done.stderr).toContain(
        "1 of 2 addresses of network net are held by others: 198.19.7.2 is theirs/eth0's there and mine/eth0's here",
      );
      expect(list()).toEqual(before);
    }));

  test("taken over by fairway itself: its pods get none of the addresses, DEL and GC free them", () =>
    withFolders(({ node, folder, list }) => {
      const path = folder({
        "198.19.1.2": "old-a\r\neth0",
        "198.19.1.3": "old-b\r\neth0",
        "198.19.1.4": "old-c\r\neth0",
      });
      node.fairway("ipam", "import", path, "--network", "pods");
      const pod = node.pod("a");
      expect(node.add(pod)).toMatchObject({ ips: [{ address: "198.19.1.5/24" }] });
      const wish = node.verb("ADD", node.pod("b"), { args: "IP=198.19.1.3" });
      expect(wish.json).toMatchObject({
        code: 102,
        msg: "the requested address 198.19.1.3 is in use by old-b/eth0",
      });
      node.del({ ...pod, containerId: "old-a" });
      const alive = ["old-c", "a"].map((containerID) => ({ containerID, ifname: "eth0" }));
      const config = { cniVersion: "1.1.0", "cni.dev/valid-attachments": alive };
      expect(node.verb("GC", pod, { config }).code).toBe(0);
      expect(list().map((a) => [a.address, a.state])).toEqual([
        ["198.19.1.4", "reserved"],
        ["198.19.1.5", "pod"],
      ]);
    }));

  test("release: what may be alive only by force, a pod's never", () =>
    withFolders(({ node, folder, list }) => {
      node.fairway("ipam", "import", folder({ "198.19.1.2": "old\r\neth0" }), "--network", "pods");
      node.add(node.pod("a"));
      const release = (...args: string[]) => node.fairway("ipam", "release", ...args);
      expect(release("198.19.1.2").stderr).toMatch(/reserved for old\/eth0, which may be alive/);
      expect(release("198.19.1.3", "--force").stderr).toMatch(/in use by pods\/a\/eth0/);
      expect(release("198.19.1.77").stderr).toMatch(/198\.19\.1\.77 is nobody's/);
      expect(release("x").stderr).toMatch(/"x" is not an IP address/);
      expect(list()).toHaveLength(2);
      expect(release("198.19.1.2", "--force")).toMatchObject({ code: 0 });
      expect(list().map((a) => a.address)).toEqual(["198.19.1.3"]);
    }));
});
