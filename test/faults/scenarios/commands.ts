/** The operator's commands. */
import { cpSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "../../../src/faults.ts";
import { repository } from "../../support/binary.ts";
import { readPoints } from "../support/points.ts";
import type { Scenario } from "../support/scenario.ts";
import type { FaultEnv, World } from "../support/world.ts";
import { add, del, ipamFor, places, promise } from "./add.ts";

const k8s = { args: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web" };

const command = (world: World, ...args: string[]): string[] => [
  ...args,
  "--data-dir",
  world.dataDir,
];

const repaired: Scenario["recovery"] = {
  words: "`repair`",
  run: (world) => void world.must(world.fairway(command(world, "repair"))),
  to: "either",
};

const set: Scenario = {
  verb: "set",
  title: "another guarantee for a living pod",
  config: () => ipamFor(2),
  prepare: (world) => {
    add(world, "keep", promise("30M"));
    add(world, "a", { ...promise("50M"), ...k8s });
  },
  setUp: (world) => void world.must(world.fairway(command(world, "set", "shop/web", "--reset"))),
  act: (world, fault) =>
    world.fairway(
      command(world, "set", "shop/web", "egress-guarantee=90M", "ingress-guarantee=40M"),
      fault,
    ),
  isAtomic: true,
  recovery: repaired,
};

const setScaled: Scenario = {
  ...set,
  title: "with guarantees that are scaled",
  config: () => ({ ...ipamFor(2), overcommit: "scale" }),
  prepare: (world) => {
    add(world, "keep", promise("300M"));
    add(world, "a", { ...promise("200M"), ...k8s });
  },
};

const setCapacity: Scenario = {
  verb: "set-capacity",
  title: "a smaller wire under two pods",
  config: () => ipamFor(2),
  prepare: (world) => {
    add(world, "keep", promise("30M"));
    add(world, "a", promise("50M"));
  },
  setUp: (world) => {
    world.must(world.fairway(command(world, "set-capacity", "--reset")));
  },
  act: (world, fault) =>
    world.fairway(command(world, "set-capacity", "--egress", "300M", "--ingress", "350M"), fault),
  isAtomic: true,
  recovery: repaired,
};

/** What others do to a node. */
function tamper(world: World): void {
  const { run } = world.node;
  run("tc", "class", "del", "dev", "uplink", "classid", "fa01:11");
  run("nft", "delete", "element", "inet", "fairway", "class4", "{ 198.19.1.2 }");
  run("ip", "address", "del", "198.19.1.1/24", "dev", "fw0");
  run("tc", "class", "change", "dev", "fw0", "classid", "fa01:10", "htb", "rate", "1mbit");
  run("sysctl", "-qw", "net.ipv4.ip_forward=0");
  run("nft", "delete", "table", "bridge", "fairway");
}

const repair: Scenario = {
  verb: "repair",
  title: "a node on which six things were altered",
  config: () => ipamFor(2),
  prepare: (world) => {
    add(world, "keep", promise("30M"));
    add(world, "a", promise("50M"));
  },
  setUp: (world) => {
    world.must(world.fairway(command(world, "repair")));
    tamper(world);
  },
  act: (world, fault) => world.fairway(command(world, "repair"), fault),
  // What it put right stays so when only its look afterwards fails.
  isAtomic: "either",
  recovery: { ...repaired, words: "`repair` again", to: "done" },
};

/** An ADD that died just before its row was ready. */
function deadAdd(): Scenario {
  let die: FaultEnv = {};
  return {
    verb: "gc",
    title: "an ADD that died, and a pair that is nobody's",
    config: () => ipamFor(2),
    prepare: (world) => {
      add(world, "keep", promise("30M"));
      // An ADD takes fewer effects once what it looks at is as it was when others had looked.
      for (let round = 0; round < 2; round++) {
        add(world, "a", promise("50M"));
        del(world, "a");
      }
      const log = join(world.root, "points");
      world.must(world.verb("ADD", world.pod("a"), promise("50M"), { FAIRWAY_FAULT_LOG: log }));
      const last = readPoints(log).findLast(({ what }) => what === "COMMIT");
      rmSync(log);
      const fault: Fault = "kill-before";
      die = { FAIRWAY_FAULT_AT: String(last?.at), FAIRWAY_FAULT_AS: fault };
    },
    setUp: (world) => {
      del(world, "a");
      const { code } = world.verb("ADD", world.pod("a"), promise("50M"), die);
      if (code === 0) throw new Error("the ADD lives");
      world.node.run(
        "sh",
        "-c",
        "ip link show fwv77 >/dev/null 2>&1 || ip link add name fwv77 address 0e:58:00:00:00:77 type veth peer name x77 address 0e:59:00:00:00:77",
      );
    },
    act: (world, fault) => world.fairway(command(world, "gc"), fault),
    says: "freed: pods/a/eth0, 198.19.1.3: its ADD died\nremoved: veth pair fwv77 is nobody's\n",
    isAtomic: false,
    recovery: {
      words: "`gc` again",
      run: (world) => {
        world.must(world.fairway(command(world, "gc")));
        const { stdout } = world.must(world.fairway(command(world, "gc")));
        if (stdout !== "nothing to do\n") throw new Error(`gc left something: ${stdout}`);
      },
      to: "done",
    },
  };
}

const installation = (world: World): string[] => [
  "install",
  ...places(world),
  ...["--subnet", "198.19.1.0/24", "--uplink", "uplink"],
  ...["--egress-capacity", "400M", "--ingress-capacity", "400M"],
];

const folders = ({ root, dataDir }: World): string[] => [
  join(root, "bin"),
  join(root, "conf"),
  dataDir,
];

const install: Scenario = {
  verb: "install",
  title: "on a bare node",
  setUp: (world) => {
    for (const folder of folders(world)) rmSync(folder, { recursive: true, force: true });
  },
  act: (world, fault) => world.fairway(installation(world), fault),
  isAtomic: true,
  recovery: {
    words: "`install` again",
    run: (world) => void world.must(world.fairway(installation(world))),
    to: "done",
  },
};

const chained = (world: World): string[] => [
  ...["install", "--chain", ...places(world), "--uplink", "uplink"],
  ...["--egress-capacity", "400M", "--ingress-capacity", "400M"],
];

const installChained: Scenario = {
  ...install,
  title: "behind another network",
  setUp: (world) => {
    for (const folder of folders(world)) rmSync(folder, { recursive: true, force: true });
    const conf = join(world.root, "conf");
    mkdirSync(conf);
    const other = { cniVersion: "1.0.0", name: "other", plugins: [{ type: "bridge" }] };
    writeFileSync(join(conf, "10-other.conflist"), JSON.stringify(other));
  },
  act: (world, fault) => world.fairway(chained(world), fault),
  recovery: {
    words: "`install --chain` again",
    run: (world) => void world.must(world.fairway(chained(world))),
    to: "done",
  },
};

/** As scripts/build-launcher leaves it; the executable of these tests has none beside it. */
const launcher = join(repository, `dist/fairway-launcher-${process.arch}`);

const withLauncher = (world: World): string[] => [
  ...installation(world),
  ...["--launcher", launcher, "--socket", join(world.root, "run/agent.sock")],
  ...["--agent", "--unit-dir", join(world.root, "units")],
];

/** No systemd looks into that folder, so its commands are not among the effects. */
const installLauncher: Scenario = {
  verb: "install",
  title: "with a launcher and the agent's unit, on a bare node",
  setUp: (world) => {
    for (const folder of [...folders(world), join(world.root, "units")])
      rmSync(folder, { recursive: true, force: true });
  },
  act: (world, fault) => world.fairway(withLauncher(world), fault),
  isAtomic: true,
  recovery: {
    words: "`install` again",
    run: (world) => void world.must(world.fairway(withLauncher(world))),
    to: "done",
  },
};

const uninstallation = (world: World): string[] => ["uninstall", ...places(world)];

/** A copy of 100 MB for each try would be most of the time: the executable is linked. */
const uninstall: Scenario = {
  verb: "uninstall",
  title: "of an installation that had a pod",
  prepare: (world) => {
    world.must(world.fairway(installation(world)));
    for (const folder of folders(world)) {
      const saved = `${folder}.saved`;
      cpSync(folder, saved, { recursive: true, filter: (path) => !path.endsWith("bin/fairway") });
    }
    linkSync(join(world.root, "bin/fairway"), join(world.root, "bin.saved/fairway.kept"));
  },
  setUp: (world) => {
    world.must(world.fairway(uninstallation(world)));
    for (const folder of folders(world)) {
      mkdirSync(folder, { recursive: true });
      cpSync(`${folder}.saved`, folder, {
        recursive: true,
        filter: (path) => !path.endsWith("fairway.kept"),
        verbatimSymlinks: true,
      });
    }
    linkSync(join(world.root, "bin.saved/fairway.kept"), join(world.root, "bin/fairway"));
    add(world, "a", promise("30M"));
    del(world, "a");
  },
  act: (world, fault) => world.fairway(uninstallation(world), fault),
  isAtomic: false,
  recovery: {
    words: "`uninstall` again",
    run: (world) => void world.must(world.fairway(uninstallation(world))),
    to: "done",
  },
};

const imported = ["198.19.1.7", "198.19.1.8"];
const hostLocal = ({ root }: World): string => join(root, "networks/net");

const ipamImport: Scenario = {
  verb: "ipam import",
  title: "two addresses of host-local's",
  prepare: (world) => {
    mkdirSync(hostLocal(world), { recursive: true });
    mkdirSync(join(world.root, "data"), { recursive: true, mode: 0o700 });
    for (const address of imported)
      writeFileSync(join(hostLocal(world), address), `c-${address}\r\neth0`);
    writeFileSync(join(hostLocal(world), "last_reserved_ip.0"), imported[1] ?? "");
    world.must(world.fairway(command(world, "ipam", "import", hostLocal(world))));
  },
  setUp: (world) => {
    const listed = world.must(world.fairway(command(world, "ipam", "list"))).stdout;
    for (const address of imported)
      if (listed.includes(address))
        world.must(world.fairway(command(world, "ipam", "release", address, "--force")));
  },
  act: (world, fault) => world.fairway(command(world, "ipam", "import", hostLocal(world)), fault),
  isAtomic: true,
  recovery: {
    words: "`ipam import` again",
    run: (world) =>
      void world.must(world.fairway(command(world, "ipam", "import", hostLocal(world)))),
    to: "done",
  },
};

export const commandScenarios: Scenario[] = [
  set,
  setScaled,
  setCapacity,
  repair,
  deadAdd(),
  install,
  installChained,
  installLauncher,
  uninstall,
  ipamImport,
];
