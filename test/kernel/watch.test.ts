/** What the kernel tells of changes, in a network namespace of its own: each kind of change has its cause. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { linkIndex } from "../../src/kernel/link-index.ts";
import { inNetns } from "../../src/kernel/netns.ts";
import { type WatchOptions, watch } from "../../src/kernel/watch.ts";
import { type Cause, destination, type Interest } from "../../src/kernel/watch-filter.ts";
import { type Lab, makeLab } from "../../src/prove/lab/lab.ts";
import { mustInNamespace, namespacePath } from "../../src/prove/lab/namespaces.ts";
import { until } from "../support/until.ts";

let lab: Lab;
let interest: Interest;

const run = (command: string): string => mustInNamespace(lab.node, command.split(" "));
const here = <T>(work: () => T): T => inNetns(namespacePath(lab.node), work);

beforeAll(async () => {
  lab = makeLab({ prefix: "fwt" });
  for (const [name, kind] of [
    ["fw0", "bridge"],
    ["other0", "bridge"],
  ]) {
    run(`ip link add ${name} type ${kind}`);
    run(`ip link set dev ${name} up`);
  }
  run("nft add table inet fairway");
  run("nft add set inet fairway podports { type ifname ; }");
  run("nft add table inet other");
  const numbers = here(() => ["fw0", "uplink"].map(linkIndex)).filter((each) => each !== null);
  interest = {
    links: new Set(["fw0", "uplink"]),
    addressed: new Set(numbers.slice(0, 1)),
    queued: new Set(numbers),
    destinations: new Set(["198.19.1.0/24", "fd00:c613:1::/64"].map(destination)),
  };
  // A link that came up goes on to tell of itself, of its carrier and of its own address.
  await Bun.sleep(2_000);
});
afterAll(() => lab.remove());

interface Watched extends AsyncDisposable {
  causes: Set<Cause>;
  generations: number[];
  ended: string[];
}

/** What the kernel has told by now is heard by then. */
const heard = (): Promise<void> => Bun.sleep(50);

async function watched(over: Partial<WatchOptions> = {}, namespace = lab.node): Promise<Watched> {
  const found = { causes: new Set<Cause>(), generations: [] as number[], ended: [] as string[] };
  const opened = await inNetns(namespacePath(namespace), () =>
    watch({
      interest: () => interest,
      noticed: ({ causes, generations }) => {
        for (const cause of causes) found.causes.add(cause);
        found.generations.push(...generations);
      },
      ended: (why) => void found.ended.push(why),
      ...over,
    }),
  );
  return {
    ...found,
    [Symbol.asyncDispose]: async () => {
      opened[Symbol.dispose]();
      await heard();
    },
  };
}

/** The first of the causes has to be told, and what follows by itself may be. */
const rows: { command: string; causes: Cause[]; undo?: string }[] = [
  { command: "ip link add passing type bridge", causes: [], undo: "ip link del dev passing" },
  { command: "ip link set dev other0 mtu 1400", causes: [] },
  { command: "ip address add 203.0.113.1/32 dev other0", causes: [] },
  { command: "ip route add 203.0.113.64/26 dev other0", causes: [] },
  {
    command: "tc qdisc replace dev other0 root pfifo limit 7",
    causes: [],
    undo: "tc qdisc del dev other0 root",
  },
  { command: "nft add chain inet other more", causes: [] },
  {
    command: "ip address add 198.19.1.1/24 dev fw0",
    causes: ["addresses", "routes"],
    undo: "ip address del 198.19.1.1/24 dev fw0",
  },
  { command: "ip address add fd00:c613:1::1/64 dev fw0 nodad", causes: ["addresses", "routes"] },
  { command: "ip route add 203.0.113.0/24 dev fw0", causes: ["routes"] },
  {
    command: "ip route add blackhole 198.19.1.0/24 metric 7",
    causes: ["routes"],
    undo: "ip route del blackhole 198.19.1.0/24 metric 7",
  },
  {
    command: "ip route add 198.19.1.0/24 dev other0 metric 8",
    causes: ["routes"],
    undo: "ip route del 198.19.1.0/24 dev other0 metric 8",
  },
  {
    command: "tc qdisc replace dev uplink root handle fa00: pfifo limit 7",
    causes: ["tc"],
    undo: "tc qdisc del dev uplink root",
  },
  { command: "nft add element inet fairway podports { eth7 }", causes: ["tables"] },
  { command: "nft add chain inet fairway more", causes: ["tables"] },
  // A link tells of itself once more a while after it was changed, so these come last.
  {
    command: "ip link add fwv10 type veth peer name far",
    causes: ["links"],
    undo: "ip link del dev fwv10",
  },
  { command: "ip link set dev fw0 mtu 1400", causes: ["links"] },
  { command: "ip link set dev uplink arp off", causes: ["links"] },
  { command: "ip link set dev fw0 type bridge stp_state 1", causes: ["links"] },
];

test.each(rows)("$command", async ({ command, causes, undo }) => {
  await using found = await watched();
  run(command);
  try {
    const [first] = causes;
    if (first !== undefined) await until(first, () => found.causes.has(first));
    await heard();
    expect([...found.causes].filter((cause) => !causes.includes(cause))).toEqual([]);
    expect(found.ended).toEqual([]);
  } finally {
    if (undo !== undefined) run(undo);
  }
});

test("a change of our tables is told with its generation, and others' transactions are not", async () => {
  await using found = await watched();
  run("nft add element inet fairway podports { eth8 }");
  run("nft add chain inet other evenmore");
  run("nft add element inet fairway podports { eth9 }");
  run("nft delete element inet fairway podports { eth9 }");
  await until("three generations", () => found.generations.length === 3);
  await heard();
  const [first = 0] = found.generations;
  expect(first).toBeGreaterThan(0);
  expect(found.generations).toEqual([first, first + 2, first + 3]);
});

test("before it is known what concerns us, everything does", async () => {
  await using found = await watched({ interest: () => null });
  run("ip link add passing type bridge");
  run("ip link del dev passing");
  await until("links", () => found.causes.has("links"));
});

test("what was not read in time is told as lost, and the watch has ended", async () => {
  await using found = await watched({ receiveBytes: 1 });
  for (let round = 0; round < 20; round++)
    run(`ip route replace 203.0.113.0/24 dev fw0 metric ${round + 100}`);
  await until("it has ended", () => found.ended.length > 0);
  expect([...found.causes]).toContain("lost");
  expect(found.ended).toEqual([expect.stringContaining("ENOBUFS")]);
  found.causes.clear();
  run("ip link set dev fw0 mtu 1300");
  await heard();
  expect([...found.causes]).toEqual([]);
});

test("one that is disposed of hears nothing more, and tells nobody that it ended", async () => {
  const found = await watched();
  await found[Symbol.asyncDispose]();
  run("ip link set dev fw0 mtu 1200");
  await heard();
  expect([...found.causes]).toEqual([]);
  expect(found.ended).toEqual([]);
});

test("what changes in another namespace is not told", async () => {
  await using found = await watched({ interest: () => null });
  mustInNamespace(lab.remote, ["ip", "link", "add", "fw0", "type", "bridge"]);
  await heard();
  expect([...found.causes]).toEqual([]);
});
