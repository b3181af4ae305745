/** What may be set without that the kernel tells anybody is seen when it is read again. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { inNetns } from "../../src/kernel/netns.ts";
import { Silent, type SilentNames } from "../../src/kernel/silent.ts";
import { type Lab, makeLab } from "../../src/prove/lab/lab.ts";
import { mustInNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";

let lab: Lab;
const run = (command: string): string => mustInNamespace(lab.node, command.split(" "));
const opened = (names: SilentNames): Silent =>
  inNetns(namespacePath(lab.node), () => new Silent(names));

beforeAll(() => {
  lab = makeLab({ prefix: "fwt" });
  run("ip link add fw0 type bridge");
});
afterAll(() => lab.remove());

const names: SilentNames = {
  paths: ["net/ipv4/ip_forward", "net/ipv4/conf/fw0/forwarding", "net/ipv6/conf/fw0/accept_ra"],
  links: ["uplink", "fw0"],
};

test.each([
  "sysctl -qw net.ipv4.ip_forward=1",
  "sysctl -qw net.ipv4.conf.fw0.forwarding=0",
  "sysctl -qw net.ipv6.conf.fw0.accept_ra=2",
  "ip link set dev uplink gso_max_size 32768",
  "ip link del dev fw0",
])("%s", (command) => {
  using silent = opened(names);
  const before = silent.values();
  expect(silent.values()).toBe(before);
  run(command);
  expect(silent.values()).not.toBe(before);
});

test("what is not there has a value, too", () => {
  using silent = opened({ paths: ["net/ipv4/conf/never/forwarding"], links: ["never"] });
  expect(silent.values()).toBe("none,gone");
  using nothing = opened({ paths: [], links: [] });
  expect(nothing.values()).toBe("");
});
