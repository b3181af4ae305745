/** CHECK: silent while all is as the ADD made it, else an error that names what is not. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { judge } from "../judge.ts";
import { type Row, type StillRow, type StoryRow, storiesOf } from "../row.ts";
import { Unprepared } from "../unprepared.ts";
import { versions } from "../versions.ts";
import { type Json, newest, type World } from "../world.ts";

const story = storiesOf("CHECK");

async function made(world: World, over: Json = {}) {
  const network = world.network(over);
  const pod = world.pod();
  const prevResult = await world.must("ADD", pod, network);
  const hostVeth = String((prevResult.interfaces as Json[])[1]?.name);
  const address = String((prevResult.ips as Json[])[0]?.address);
  return {
    network,
    pod,
    prevResult,
    hostVeth,
    classid: `fa01:${hostVeth.replace("fwv", "")}`,
    address,
  };
}
type Made = Awaited<ReturnType<typeof made>>;

const allWell: Row[] = versions.slice(2).map((version) =>
  story(
    `at-once-${version}`,
    "checkAtOnce",
    `CHECK in ${version}, straight after ADD`,
    "success, no output",
    async (world) => {
      const { network, pod, prevResult } = await made(world, { cniVersion: version });
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult } }),
        { code: null, stdout: "nothing" },
        version,
      );
    },
  ),
);

/** Drift, and what of it is named. */
function drifts(
  id: string,
  sentence: StoryRow["sentence"],
  sent: string,
  harm: (world: World, made: Made) => void,
  names: (made: Made) => RegExp,
): Row {
  return story(
    id,
    sentence,
    `CHECK after ${sent}`,
    "error 109 that names it",
    async (world) => {
      const all = await made(world);
      try {
        harm(world, all);
      } catch (error) {
        throw new Unprepared(String(error));
      }
      const { network, pod, prevResult } = all;
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult } }),
        { code: 109, msg: [names(all)] },
        newest,
      );
      await world.must("DEL", pod, network);
      // The first ADD of another network would mend it meanwhile.
    },
    true,
  );
}

const plainAddress = (address: string): string => address.split("/")[0] ?? "";

const harms: Row[] = [
  drifts(
    "interface-gone",
    "checkResult",
    "the pod's interface was deleted",
    (world, { pod }) => void world.inPod(pod, "ip", "link", "del", "eth0"),
    ({ hostVeth }) => new RegExp(`${hostVeth}|eth0`),
  ),
  drifts(
    "interface-down",
    "checkUnreachable",
    "the pod's interface was set down",
    (world, { pod }) => void world.inPod(pod, "ip", "link", "set", "eth0", "down"),
    () => /eth0/,
  ),
  drifts(
    "host-interface-down",
    "checkUnreachable",
    "the host's interface was set down",
    (world, { hostVeth }) => void world.run("ip", "link", "set", hostVeth, "down"),
    ({ hostVeth }) => new RegExp(hostVeth),
  ),
  drifts(
    "interface-off-bridge",
    "checkUnreachable",
    "the host's interface was taken off the bridge",
    (world, { hostVeth }) => void world.run("ip", "link", "set", hostVeth, "nomaster"),
    ({ hostVeth }) => new RegExp(hostVeth),
  ),
  drifts(
    "mac",
    "checkResult",
    "the pod's MAC was changed",
    (world, { pod }) =>
      void world.inPod(pod, "ip", "link", "set", "eth0", "address", "02:00:00:00:00:77"),
    () => /eth0/,
  ),
  drifts(
    "mtu",
    "checkResult",
    "the pod's MTU was changed",
    (world, { pod }) => void world.inPod(pod, "ip", "link", "set", "eth0", "mtu", "1300"),
    () => /eth0.*1300/,
  ),
  drifts(
    "address-gone",
    "checkResult",
    "the pod's address was removed",
    (world, { pod, address }) =>
      void world.inPod(pod, "ip", "address", "del", address, "dev", "eth0"),
    ({ address }) => new RegExp(plainAddress(address).replaceAll(".", "\\.")),
  ),
  drifts(
    "route-gone",
    "checkResult",
    "the default route was removed",
    (world, { pod }) => void world.inPod(pod, "ip", "route", "del", "default"),
    () => /0\.0\.0\.0\/0|default/,
  ),
  drifts(
    "shaping-egress-gone",
    "checkOthers",
    "its class on the uplink was deleted",
    (world, { classid }) =>
      void world.run("tc", "class", "del", "dev", "uplink", "classid", classid),
    ({ classid }) => new RegExp(`class ${classid} on uplink is missing`),
  ),
  drifts(
    "shaping-ingress-gone",
    "checkOthers",
    "its class on the bridge was deleted",
    (world, { classid }) => void world.run("tc", "class", "del", "dev", "fw0", "classid", classid),
    ({ classid }) => new RegExp(`class ${classid} on fw0 is missing`),
  ),
  drifts(
    "shaping-altered",
    "checkOthers",
    "its class was given another rate",
    (world, { classid }) =>
      void world.run(
        "tc",
        "class",
        "change",
        "dev",
        "uplink",
        "classid",
        classid,
        "parent",
        "fa01:1",
        "htb",
        "rate",
        "3mbit",
        "ceil",
        "3mbit",
      ),
    ({ classid }) => new RegExp(`class ${classid} on uplink`),
  ),
  drifts(
    "firewall-gone",
    "checkOthers",
    "its entry in the classifier's map was deleted",
    (world, { address }) =>
      void world.run(
        "nft",
        "delete",
        "element",
        "inet",
        "fairway",
        "class4",
        `{ ${plainAddress(address)} }`,
      ),
    ({ address }) => new RegExp(plainAddress(address).replaceAll(".", "\\.")),
  ),
];

const later: Row[] = [
  story(
    "others-adding",
    "checkAtOnce",
    "CHECK while the first ADD of another network is under way",
    "success, no output",
    async (world) => {
      const { network, pod, prevResult } = await made(world);
      const other = await made(world);
      // As it is between the row of that ADD and the base that it makes: too short to be met by chance.
      world.run("ip", "address", "del", `${other.network.prefix}1/27`, "dev", "fw0");
      const ledger = new Database(join(world.dataDir, "ledger.db"));
      try {
        ledger.run("UPDATE attachments SET phase = 'adding' WHERE container_id = ?", [
          other.pod.id,
        ]);
      } finally {
        ledger.close();
      }
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult } }),
        { code: null, stdout: "nothing" },
        newest,
      );
      await world.must("DEL", other.pod, other.network);
    },
    true,
  ),
  story(
    "later-route",
    "checkLater",
    "CHECK after another plugin added a route",
    "success",
    async (world) => {
      const { network, pod, prevResult } = await made(world);
      world.inPod(pod, "ip", "route", "add", "198.18.99.0/24", "dev", "eth0");
      const routes = [...(prevResult.routes as Json[]), { dst: "198.18.99.0/24" }];
      judge(
        await world.verb("CHECK", pod, network, {
          config: { prevResult: { ...prevResult, routes } },
        }),
        { code: null, stdout: "nothing" },
        newest,
      );
    },
  ),
  story(
    "later-interface",
    "checkLater",
    "CHECK with an interface and an address of another plugin in prevResult",
    "success",
    async (world) => {
      const { network, pod, prevResult } = await made(world);
      world.inPod(pod, "ip", "link", "add", "other0", "type", "veth", "peer", "name", "far0");
      const interfaces = [
        ...(prevResult.interfaces as Json[]),
        { name: "other0", mac: "02:00:00:00:00:01", sandbox: pod.netns, mtu: 1500 },
      ];
      const ips = [...(prevResult.ips as Json[]), { interface: 3, address: "198.18.7.7/24" }];
      judge(
        await world.verb("CHECK", pod, network, {
          config: { prevResult: { ...prevResult, interfaces, ips } },
        }),
        { code: null, stdout: "nothing" },
        newest,
      );
    },
  ),
  story(
    "later-sysctl",
    "checkLater",
    "CHECK after another plugin changed the pod's sysctls",
    "success",
    async (world) => {
      const { network, pod, prevResult } = await made(world);
      world.inPod(pod, "sysctl", "-qw", "net.ipv4.conf.eth0.arp_notify=1");
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult } }),
        { code: null, stdout: "nothing" },
        newest,
      );
    },
  ),
];

const previous: Row[] = [
  story(
    "previous-without-version",
    "previousVersion",
    "CHECK with a prevResult without cniVersion",
    "success",
    async (world) => {
      const { network, pod, prevResult } = await made(world);
      for (const cniVersion of [undefined, ""])
        judge(
          await world.verb("CHECK", pod, network, {
            config: { prevResult: { ...prevResult, cniVersion } },
          }),
          { code: null, stdout: "nothing" },
          newest,
        );
    },
  ),
  story(
    "previous-other-address",
    "checkPrevious",
    "CHECK with a prevResult that has another address",
    "error 109 with both",
    async (world) => {
      const { network, pod, prevResult, address } = await made(world);
      const ips = [{ interface: 2, address: `${network.prefix}30/27` }];
      judge(
        await world.verb("CHECK", pod, network, { config: { prevResult: { ...prevResult, ips } } }),
        { code: 109, msg: [new RegExp(address.replaceAll(".", "\\.")), /\.30\/27/] },
        newest,
      );
    },
  ),
  story("after-del", "code3", "CHECK after DEL", "error 3", async (world) => {
    const { network, pod, prevResult } = await made(world);
    await world.must("DEL", pod, network);
    judge(await world.verb("CHECK", pod, network, { config: { prevResult } }), { code: 3 }, newest);
  }),
];

const still = (
  id: string,
  sentence: StillRow["sentence"],
  sent: string,
  prevResult: unknown,
  code: number,
  msg: RegExp[],
): Row => ({
  kind: "still",
  id: `check/${id}`,
  verb: "CHECK",
  sentence,
  sent,
  calls: (["fairway", "fairway-ipam"] as const).map((as) => ({
    command: "CHECK",
    as,
    config: { prevResult },
  })),
  code,
  msg,
});

const garbage: [string, string, unknown, RegExp][] = [
  ["ips-object", "ips {}", { ips: {} }, /prevResult\.ips must be a list/],
  ["ip-number", "ips [5]", { ips: [5] }, /prevResult\.ips\[0\] must be an object/],
  [
    "ip-no-address",
    "an address that is missing",
    { ips: [{}] },
    /prevResult\.ips\[0\]\.address must be a text/,
  ],
  [
    "ip-index",
    "an index that leads to no interface",
    { ips: [{ address: "198.19.1.2/24", interface: 7 }] },
    /prevResult\.ips\[0\]\.interface/,
  ],
  [
    "ip-index-negative",
    "a negative index",
    { interfaces: [{ name: "eth0" }], ips: [{ address: "198.19.1.2/24", interface: -1 }] },
    /prevResult\.ips\[0\]\.interface/,
  ],
  [
    "interfaces-text",
    "interfaces that are a text",
    { interfaces: "eth0" },
    /prevResult\.interfaces must be a list/,
  ],
  [
    "interface-no-name",
    "an interface without a name",
    { interfaces: [{}] },
    /prevResult\.interfaces\[0\]\.name must be a text/,
  ],
  ["routes-object", "routes {}", { routes: {} }, /prevResult\.routes must be a list/],
  [
    "route-no-destination",
    "a route without a destination",
    { routes: [{}] },
    /prevResult\.routes\[0\]\.dst/,
  ],
  [
    "route-mtu",
    "a route whose mtu is a text",
    { routes: [{ dst: "0.0.0.0/0", mtu: "x" }] },
    /prevResult\.routes\[0\]\.mtu/,
  ],
  ["dns-list", "dns []", { dns: [] }, /prevResult\.dns must be an object/],
];

const refused: Row[] = [
  still("previous-missing", "noPrevious", "CHECK without prevResult", undefined, 7, [
    /has no prevResult/,
  ]),
  still("previous-null", "noPrevious", "CHECK with prevResult null", null, 7, [
    /has no prevResult/,
  ]),
  still(
    "previous-other-version",
    "previousVersion",
    "CHECK with a prevResult of 1.0.0 in 1.1.0",
    { cniVersion: "1.0.0" },
    7,
    [/prevResult is of cniVersion "1\.0\.0", the configuration of "1\.1\.0"/],
  ),
  still(
    "previous-unknown-version",
    "previousVersion",
    "CHECK with a prevResult of 9.9.9",
    { cniVersion: "9.9.9" },
    7,
    [/prevResult is of cniVersion "9\.9\.9"/],
  ),
  still(
    "previous-version-type",
    "previousVersion",
    "CHECK with a prevResult of version 5",
    { cniVersion: 5 },
    7,
    [/prevResult is of cniVersion 5/],
  ),
  ...garbage.map(([id, sent, prevResult, msg]) =>
    still(`previous-${id}`, "code6", `CHECK with a prevResult: ${sent}`, prevResult, 6, [msg]),
  ),
  still("unknown", "code3", "CHECK of a container that was never added", { ips: [] }, 3, [
    /check-unknown/,
  ]),
  {
    kind: "still",
    id: "check/netns-other",
    verb: "CHECK",
    sentence: "netns",
    sent: "CHECK with a CNI_NETNS that leads nowhere",
    calls: [
      {
        command: "CHECK",
        env: { CNI_NETNS: "/run/netns/nothing-here" },
        config: { prevResult: {} },
      },
    ],
    code: 8,
    msg: [/nothing at that path/],
  },
];

export const checkRows: Row[] = [...allWell, ...harms, ...later, ...previous, ...refused];
