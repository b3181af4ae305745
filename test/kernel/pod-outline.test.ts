/** The outline of a pod's namespace: it differs when anything of it was changed, and not by itself. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { podOutline } from "../../src/kernel/pod-outline.ts";
import { type Lab, makeLab } from "../../src/prove/lab/lab.ts";
import { mustInNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";

let lab: Lab;
let pod: string;

const run = (command: string): string => mustInNamespace(pod, command.split(" "));
const outline = (): string | null => podOutline(namespacePath(pod), "eth0");

beforeAll(() => {
  lab = makeLab({ prefix: "fwt" });
  pod = lab.addPod("a");
  for (const command of [
    "ip link add eth0 type veth peer name far",
    "ip link set dev lo up",
    "ip link set dev eth0 up",
    "ip link set dev far up",
    "ip address add 198.19.1.2/24 dev eth0",
    "ip address add fd00:c613:1::2/64 dev eth0 nodad",
    "ip route add default via 198.19.1.1",
    "sysctl -qw net.ipv6.conf.eth0.accept_dad=0",
  ])
    run(command);
});
afterAll(() => lab.remove());

test("it is the same again, also after traffic", async () => {
  // The interface's own address has become its own by then.
  await Bun.sleep(2_500);
  const before = outline();
  run("ping -c 3 -i 0.2 198.19.1.2");
  run("ping -6 -c 3 -i 0.2 fd00:c613:1::2");
  expect(outline()).toBe(before);
});

test.each([
  "ip link set dev eth0 address 02:00:00:00:00:97",
  "ip link set dev eth0 mtu 1300",
  "ip link set dev eth0 gso_max_size 32768",
  "ip link set dev eth0 arp off",
  "ip link set dev eth0 arp on",
  "sysctl -qw net.ipv6.conf.eth0.accept_ra=2",
  "sysctl -qw net.ipv6.conf.eth0.accept_dad=1",
  "ip address del fd00:c613:1::2/64 dev eth0",
  "ip route add blackhole 203.0.113.0/24",
  "ip route replace default via 198.19.1.3",
  "ip -6 route add 2001:db8::/64 dev eth0",
  "ip address add 198.19.1.3/24 dev eth0",
  "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1",
  "ip link set dev eth0 down",
  "ip link set dev eth0 name eth1",
])("it differs after: %s", (command) => {
  const before = outline();
  run(command);
  expect(outline()).not.toBe(before);
});

test("no namespace has none", () => {
  expect(podOutline("/run/netns/fwt-never-there", "eth0")).toBeNull();
});
