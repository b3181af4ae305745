/** The copy follows its original: real files, as others write them, under a follower of the agent's. */
import { afterEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Told } from "../../src/agent/events.ts";
import { followChain } from "../../src/agent/follow-chain.ts";
import { until } from "../support/until.ts";

const name = "00-fairway-chained.conflist";
const network = (over: object = {}): string =>
  JSON.stringify({ cniVersion: "1.0.0", name: "cbr0", plugins: [{ type: "bridge" }], ...over });

/** A period that no test lives to see: the folder's own notifications have to tell. */
const neverMs = 3_600_000;

interface Rig {
  confDir: string;
  copy: string;
  told: Told[];
  /** A file of the folder, for the tests. */
  at(file: string): string;
  /** The copy, once it is there and holds this. */
  becomes(
    what: string,
    holds: (json: { plugins: { type: string }[]; [key: string]: unknown }) => boolean,
  ): Promise<void>;
  goes(): Promise<void>;
  tells(event: Told["event"], says: string): Promise<void>;
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface RigOptions {
  slowMs?: number;
  repair?: "observe" | "repair";
  way?: string;
  /** Without it there is no folder yet. */
  hasFolder?: boolean;
  before?: (confDir: string) => void;
}

async function withRig(use: (rig: Rig) => Promise<void>, options: RigOptions = {}): Promise<void> {
  const { slowMs = neverMs, repair = "repair", way = "copy", hasFolder = true } = options;
  const root = mkdtempSync(join(tmpdir(), "fairway-test-"));
  folders.push(root);
  const [dataDir, confDir] = [join(root, "data"), join(root, "net.d")];
  mkdirSync(dataDir);
  if (hasFolder) mkdirSync(confDir);
  const chain = {
    ...{ way, plugin: { type: "fairway" }, replacesBandwidth: false },
    ...{ original: "10-flannel.conflist", network: "cbr0" },
  };
  writeFileSync(join(dataDir, "install.json"), JSON.stringify({ confDir, confFile: name, chain }));
  options.before?.(confDir);
  const told: Told[] = [];
  const ending = new AbortController();
  const following = followChain({
    ...{ dataDir, confDir, repair, slowMs, signal: ending.signal },
    tell: (each) => told.push(each),
  });
  const copy = join(confDir, name);
  try {
    await use({
      ...{ confDir, copy, told },
      at: (file) => join(confDir, file),
      becomes: (what, holds) =>
        until(`${what}: ${JSON.stringify(told)}`, () =>
          holds(JSON.parse(readFileSync(copy, "utf8")) as Parameters<typeof holds>[0]),
        ),
      goes: () => until("the copy goes", () => !existsSync(copy)),
      tells: (event, says) =>
        until(`it tells ${event}: ${JSON.stringify(told)}`, () =>
          told.some((each) => each.event === event && JSON.stringify(each).includes(says)),
        ),
    });
  } finally {
    ending.abort();
    await following;
  }
}

const types = (json: { plugins: { type: string }[] }): string =>
  json.plugins.map(({ type }) => type).join(" ");

const withFlannel: RigOptions = {
  before: (confDir) => writeFileSync(join(confDir, "10-flannel.conflist"), network()),
};

const first = ({ becomes }: Rig): Promise<void> =>
  becomes("the first copy", (json) => types(json) === "bridge fairway");

test("a network that comes gets a copy, and only root may read it", () =>
  withRig(async (rig) => {
    await rig.tells("no copy", "no network configuration beside Fairway's");
    writeFileSync(rig.at("10-flannel.conflist"), network());
    await first(rig);
    await rig.tells("copied", "10-flannel.conflist");
    expect(statSync(rig.copy).mode & 0o777).toBe(0o600);
    expect(readdirSync(rig.confDir).sort()).toEqual([name, "10-flannel.conflist"]);
  }));

describe("the original is rewritten", () => {
  const changed = network({ cniVersion: "0.3.1", plugins: [{ type: "ptp" }] });
  const ways: [string, (rig: Rig) => void][] = [
    ["in place", ({ at }) => writeFileSync(at("10-flannel.conflist"), changed)],
    [
      "by a rename",
      ({ at }) => {
        writeFileSync(at("flannel.tmp"), changed);
        renameSync(at("flannel.tmp"), at("10-flannel.conflist"));
      },
    ],
    [
      "removed, and made anew",
      ({ at }) => {
        rmSync(at("10-flannel.conflist"));
        writeFileSync(at("10-flannel.conflist"), changed);
      },
    ],
    [
      "under another name",
      ({ at }) => {
        writeFileSync(at("10-flannel.conflist"), changed);
        renameSync(at("10-flannel.conflist"), at("20-flannel.conflist"));
      },
    ],
    [
      "as a .conf that becomes a .conflist",
      ({ at }) => {
        rmSync(at("10-flannel.conflist"));
        const plugin = { cniVersion: "0.3.1", name: "cbr0", type: "ptp" };
        writeFileSync(at("10-flannel.conf"), JSON.stringify(plugin));
        writeFileSync(at("10-flannel.conflist"), changed);
        rmSync(at("10-flannel.conf"));
      },
    ],
  ];
  test.each(ways)("%s", (_, rewrite) =>
    withRig(async (rig) => {
      await first(rig);
      rewrite(rig);
      await rig.becomes(
        "the new copy",
        (json) => types(json) === "ptp fairway" && json.cniVersion === "0.3.1",
      );
      expect(rig.told.filter(({ event }) => event === "fight")).toEqual([]);
    }, withFlannel),
  );

  test("in two parts: half of it is not followed", () =>
    withRig(async (rig) => {
      await first(rig);
      writeFileSync(rig.at("10-flannel.conflist"), changed.slice(0, 40));
      await rig.tells("copy waits", "10-flannel.conflist");
      expect(types(JSON.parse(readFileSync(rig.copy, "utf8")))).toBe("bridge fairway");
      writeFileSync(rig.at("10-flannel.conflist"), "");
      await rig.tells("copy waits", "it is empty");
      expect(existsSync(rig.copy)).toBe(true);
      writeFileSync(rig.at("10-flannel.conflist"), changed);
      await rig.becomes("the new copy", (json) => types(json) === "ptp fairway");
    }, withFlannel));
});

test("what is put into our plugin of the copy stays, also when the original changes", () =>
  withRig(async (rig) => {
    await first(rig);
    const copy = JSON.parse(readFileSync(rig.copy, "utf8")) as { plugins: object[] };
    const tiers = { gold: { egressGuarantee: "50M" } };
    const plugins = copy.plugins.map((each) =>
      "type" in each && each.type === "fairway" ? { ...each, tiers } : each,
    );
    writeFileSync(rig.copy, `${JSON.stringify({ ...copy, plugins }, null, 2)}\n`);
    writeFileSync(rig.at("10-flannel.conflist"), network({ plugins: [{ type: "ptp" }] }));
    await rig.becomes("the new copy", (json) => types(json) === "ptp fairway");
    expect(readFileSync(rig.copy, "utf8")).toContain('"gold"');
    expect(rig.told.map(({ event }) => event)).toEqual(["copied", "copied"]);
  }, withFlannel));

test("the original goes, and so does the copy; it comes back, and so does the copy", () =>
  withRig(async (rig) => {
    await first(rig);
    rmSync(rig.at("10-flannel.conflist"));
    await rig.goes();
    await rig.tells("no copy", "no network configuration beside Fairway's");
    writeFileSync(rig.at("10-flannel.conflist"), network());
    await first(rig);
  }, withFlannel));

test("another shaper comes into it: no copy, and it is told what to do", () =>
  withRig(async (rig) => {
    await first(rig);
    const shaped = network({ plugins: [{ type: "bridge" }, { type: "bandwidth" }] });
    writeFileSync(rig.at("10-flannel.conflist"), shaped);
    await rig.goes();
    await rig.tells("no copy", "--replace-bandwidth");
  }, withFlannel));

test("what somebody else put under our name is not touched", () =>
  withRig(
    async (rig) => {
      await rig.tells("no copy", "it is not overwritten");
      expect(readFileSync(rig.copy, "utf8")).toBe(network());
    },
    {
      before: (confDir) => {
        writeFileSync(join(confDir, name), network());
        writeFileSync(join(confDir, "10-flannel.conflist"), network());
      },
    },
  ));

test("two that fight over the copy: it is told once, and done ever more rarely", () =>
  withRig(async (rig) => {
    await first(rig);
    for (let round = 0; round < 3; round++) {
      renameSync(rig.copy, rig.at(`${name}.cilium_bak`));
      await until("it is there again", () => existsSync(rig.copy));
    }
    await rig.tells("fight", "is changed or removed by another");
    renameSync(rig.copy, rig.at(`${name}.cilium_bak`));
    // The original's owner is not kept waiting by the fight for longer than the hold.
    await until("it is there again", () => existsSync(rig.copy));
    expect(rig.told.filter(({ event }) => event === "fight")).toHaveLength(1);
  }, withFlannel));

test("without notifications it is found by the looks from time to time: a folder that comes later", () =>
  withRig(
    async (rig) => {
      mkdirSync(rig.confDir);
      writeFileSync(rig.at("10-flannel.conflist"), network());
      await first(rig);
    },
    { slowMs: 50, hasFolder: false },
  ));

test("a folder that is made anew is followed", () =>
  withRig(
    async (rig) => {
      await first(rig);
      rmSync(rig.confDir, { recursive: true });
      mkdirSync(rig.confDir);
      writeFileSync(rig.at("10-flannel.conflist"), network({ plugins: [{ type: "ptp" }] }));
      await rig.becomes("the new copy", (json) => types(json) === "ptp fairway");
    },
    { ...withFlannel, slowMs: 50 },
  ));

test("with --repair observe nothing is changed, and it is told", () =>
  withRig(
    async (rig) => {
      await rig.tells("drift", "is not as it should be");
      expect(existsSync(rig.copy)).toBe(false);
    },
    { ...withFlannel, repair: "observe" },
  ));

test("a drop-in file and an edited file are not followed", () =>
  withRig(
    async (rig) => {
      const before = readdirSync(rig.confDir);
      writeFileSync(rig.at("10-flannel.conflist"), network({ name: "other" }));
      await Bun.sleep(500);
      expect({ told: rig.told, files: readdirSync(rig.confDir) }).toEqual({
        told: [],
        files: before,
      });
    },
    { ...withFlannel, way: "in-place" },
  ));

test("what cannot be read is told, and the folder is left alone", () =>
  withRig(async (rig) => {
    await first(rig);
    const record = join(rig.confDir, "../data/install.json");
    writeFileSync(record, "{");
    writeFileSync(rig.at("10-flannel.conflist"), network({ plugins: [{ type: "ptp" }] }));
    await rig.tells("failed", "install.json holds no JSON object");
    expect(types(JSON.parse(readFileSync(rig.copy, "utf8")))).toBe("bridge fairway");
  }, withFlannel));

test("a copy that cannot be written is told once, and written when it can be", () =>
  withRig(
    async (rig) => {
      await rig.tells("failed", "cannot write");
      await Bun.sleep(500);
      expect(rig.told.map(({ event }) => event)).toEqual(["failed"]);
      rmSync(rig.at(`.${name}.${process.pid}.new`), { recursive: true });
      await first(rig);
      expect(rig.told.map(({ event }) => event)).toEqual(["failed", "copied"]);
    },
    {
      slowMs: 50,
      before: (confDir) => {
        withFlannel.before?.(confDir);
        // Where the new copy is to be written there is a folder.
        mkdirSync(join(confDir, `.${name}.${process.pid}.new`));
      },
    },
  ));
