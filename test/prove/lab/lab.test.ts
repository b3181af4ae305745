import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { type Lab, makeLab, withLab } from "../../../src/prove/lab/lab.ts";
import {
  addNamespace,
  delNamespace,
  getSysctl,
  inNamespace,
  listNamespaces,
  mustInNamespace,
  namespacePath,
  setSysctl,
  steerFlows,
  useLossBasedTcp,
} from "../../../src/prove/lab/namespaces.ts";
import { must, run } from "../../../src/prove/lab/run.ts";
import { addresses, devices } from "../../../src/prove/lab/wire.ts";

const root = process.getuid?.() === 0;
const prefix = "fwlabtest";
const own = (): string[] =>
  listNamespaces().filter((name) => name.startsWith(`${prefix}-${process.pid}`));
/** Names and indexes of the devices of the namespace that the tests run in. */
const hostDevices = (): string => must(["ip", "-o", "link", "show"]).replace(/<.*/gm, "");

describe("run", () => {
  test("gives stdin, takes code, stdout and stderr", () => {
    const result = run(["sh", "-c", "cat; echo bad >&2; exit 3"], { stdin: "text" });
    expect(result).toEqual({ code: 3, stdout: "text", stderr: "bad\n" });
  });
  test("hands over a minimal environment and what is added to it", () => {
    const names = run(["env"], { env: { CNI_COMMAND: "ADD" } }).stdout.match(/^[^=]+(?==)/gm) ?? [];
    expect(names.toSorted()).toEqual(["CNI_COMMAND", "LC_ALL", "PATH"]);
  });
  test("ends what takes too long", () => {
    expect(run(["sleep", "5"], { timeoutMs: 50 }).code).toBeNull();
    expect(() => must(["sleep", "5"], { timeoutMs: 50 })).toThrow("`sleep 5` did not end in time");
  });
  test("names a program that is missing", () => {
    expect(() => run(["no-such-program"])).toThrow("no-such-program is in no folder of PATH");
  });
  test("must: a failure names the command and what it said", () => {
    const failing = () => must(["sh", "-c", "echo no >&2; exit 4"]);
    expect(failing).toThrow(expect.objectContaining({ details: "no" }));
    expect(failing).toThrow("ended with 4");
  });
});

describe.skipIf(!root)("namespaces", () => {
  const name = `${prefix}-${process.pid}-one`;
  test("are made with lo up, hold commands, and go, also twice", () => {
    addNamespace(name);
    try {
      expect(inNamespace(name, ["ip", "-o", "link", "show"]).stdout).toMatch(
        /^1: lo: <LOOPBACK,UP/,
      );
      expect(inNamespace(name, ["sh", "-c", "exit 5"]).code).toBe(5);
      expect(run(["test", "-e", namespacePath(name)]).code).toBe(0);
      expect(() => addNamespace(name)).toThrow(
        expect.objectContaining({ details: expect.stringContaining("File exists") }),
      );
    } finally {
      delNamespace(name);
    }
    delNamespace(name);
    expect(own()).toEqual([]);
  });
  test("have network settings of their own", () => {
    addNamespace(name);
    try {
      const before = must(["cat", "/proc/sys/net/ipv4/ip_default_ttl"]);
      setSysctl(name, "net.ipv4.ip_default_ttl", "33");
      expect(getSysctl(name, "net.ipv4.ip_default_ttl")).toBe("33");
      expect(must(["cat", "/proc/sys/net/ipv4/ip_default_ttl"])).toBe(before);
      expect(["cubic", "reno"]).toContain(useLossBasedTcp(name));
    } finally {
      delNamespace(name);
    }
  });
});

describe.skipIf(!root)("a lab", () => {
  test("is a wire at a rate between a node and a remote host, and none of the machine's devices", async () => {
    const before = hostDevices();
    await withLab({ prefix, wireBits: 100e6 }, (lab) => {
      const ping = ["ping", "-c", "1", "-W", "2", addresses.remote];
      expect(mustInNamespace(lab.node, ping)).toContain("1 received");
      for (const port of ["node", "remote"]) {
        const qdisc = must(["tc", "-n", lab.wire, "qdisc", "show", "dev", port]);
        expect(qdisc).toMatch(/^qdisc tbf .* rate 100Mbit burst 128Kb/);
      }
      expect(must(["tc", "-n", lab.node, "qdisc", "show", "dev", devices.uplink])).toContain(
        "noqueue",
      );
      expect(must(["ip", "-n", lab.remote, "route"])).toContain(
        `${addresses.podSubnet} via ${addresses.nodeUplink}`,
      );
      expect(hostDevices()).toBe(before);
    });
    expect(own()).toEqual([]);
  });

  test("steers a device's flows over the processors, and others' not", async () => {
    await withLab({ prefix }, ({ node, remote }) => {
      steerFlows(remote, devices.remote);
      const mask = (namespace: string, device: string): number => {
        const path = `/sys/class/net/${device}/queues/rx-0/rps_cpus`;
        return Number.parseInt(mustInNamespace(namespace, ["cat", path]), 16);
      };
      const processors = Math.min(availableParallelism(), 32);
      const wanted = processors === 1 ? 0 : 2 ** processors - 1;
      expect(mask(remote, devices.remote)).toBe(wanted);
      expect(mask(node, devices.uplink)).toBe(0);
    });
  });

  test("goes with its pods, also where its user throws", async () => {
    let pod = "";
    const used = withLab({ prefix }, (lab) => {
      pod = lab.addPod("a");
      expect(own()).toContain(pod);
      throw new Error("in the middle");
    });
    await expect(used).rejects.toThrow("in the middle");
    expect(pod).toEndWith("-a");
    expect(own()).toEqual([]);
  });

  test("goes where the process exits in the middle", () => {
    const path = `${import.meta.dir}/../../../src/prove/lab/lab.ts`;
    const script = `const { withLab } = await import(${JSON.stringify(path)});
      await withLab({ prefix: "${prefix}-${process.pid}" }, (lab) => { console.log(lab.node); process.exit(7); });`;
    const result = run([process.execPath, "-e", script]);
    expect(result.code).toBe(7);
    expect(result.stdout).toContain("-node");
    expect(own()).toEqual([]);
  });

  test("several live side by side, and one's end leaves the other", () => {
    const labs: Lab[] = [];
    try {
      labs.push(makeLab({ prefix }), makeLab({ prefix }));
      const [first, second] = labs;
      first?.remove();
      expect(own().toSorted()).toEqual(
        [second?.node, second?.remote, second?.wire].map(String).toSorted(),
      );
    } finally {
      for (const lab of labs) lab.remove();
    }
    expect(own()).toEqual([]);
  });
});
