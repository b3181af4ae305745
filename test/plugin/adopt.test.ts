/** `fairway adopt`: pods that were there before Fairway stood in the chain get their promises where they are. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../../src/ops/child.ts";
import { inNamespace, mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { addresses } from "../../src/prove/lab/wire.ts";
import { binary } from "../support/binary.ts";
import {
  type ChainedSite,
  calicoShape,
  flannelShape,
  hasPlugins,
  type OtherNetwork,
  withOtherNetwork,
} from "../support/chained-site.ts";
import { counted, withRuntime } from "../support/cri.ts";
import { dumpPod } from "../support/dump.ts";
import { must } from "../support/site.ts";

const promise = {
  "fairway.dev/egress-guarantee": "100M",
  "fairway.dev/ingress-guarantee": "50M",
};

const cacheOf = ({ root }: ChainedSite): string => join(root, "cache/results");

const adopt = (site: ChainedSite, ...args: string[]): CommandResult =>
  inNamespace(site.lab.node, [
    ...[binary, "adopt", "--data-dir", site.dataDir, "--cache-dir", cacheOf(site)],
    ...args,
  ]);

const classes = (site: ChainedSite): string =>
  mustInNamespace(site.lab.node, ["tc", "class", "show", "dev", "uplink"]);

/** What has passed the class on the uplink that says so. */
function sent(site: ChainedSite, says: string): number {
  const shown = mustInNamespace(site.lab.node, ["tc", "-s", "class", "show", "dev", "uplink"]);
  const own = shown.split("class htb ").find((text) => text.includes(says));
  return Number(/Sent (\d+) bytes/.exec(own ?? "")?.[1]);
}

const networks: [OtherNetwork, string[]][] = [
  [flannelShape, []],
  [calicoShape, ["--replace-bandwidth"]],
];

for (const [other, options] of networks)
  describe.skipIf(!hasPlugins(other))(`behind ${other.title} (needs Go)`, () => {
    test("a pod that lives gets its classes, keeps its interface, and its DEL leaves nothing", () =>
      withOtherNetwork(other, (site) => {
        const [pod, later, gone] = ["a", "b", "c"].map((name) => site.lab.addPod(name)) as [
          string,
          string,
          string,
        ];
        site.tool("add", pod, promise);
        site.tool("add", gone, promise);
        const has = mustInNamespace(pod, ["ip", "-4", "-j", "address"]);
        must(site.chain(...options));
        site.tool("add", later, {});
        mustInNamespace(site.lab.node, ["ip", "netns", "del", gone]);

        expect(must(adopt(site, "--dry-run"))).toContain("would adopt: ");
        expect(classes(site)).not.toContain("rate 100Mbit");
        expect(must(adopt(site))).toMatch(
          /^adopted: .*, eth0, egress guarantee 100Mbit\/s, ingress guarantee 50Mbit\/s/,
        );
        expect(classes(site)).toContain("rate 100Mbit");
        expect(mustInNamespace(pod, ["ip", "-4", "-j", "address"])).toBe(has);
        const toNode = ["198.19.7.0/24", "via", addresses.nodeUplink];
        mustInNamespace(site.lab.remote, ["ip", "route", "add", ...toNode]);
        mustInNamespace(pod, ["ping", "-q", "-c", "3", "-i", "0.05", "-W", "5", addresses.remote]);
        expect(sent(site, "rate 100Mbit")).toBeGreaterThan(0);
        expect(must(adopt(site))).toContain("nothing to do");
        expect(
          inNamespace(site.lab.node, [binary, "explain", "--data-dir", site.dataDir]).stdout,
        ).toContain("nothing to do");
        if (site.hasCheck) site.tool("check", pod, promise);

        for (const each of [pod, later]) site.tool("del", each);
        expect(classes(site)).not.toContain("rate 100Mbit");
        must(site.uninstall("--data-dir", site.dataDir));
      }));
  });

describe.skipIf(!hasPlugins(flannelShape))("what cannot be adopted is named (needs Go)", () => {
  const onFlannel = (use: (site: ChainedSite) => void | Promise<void>): Promise<void> =>
    withOtherNetwork(flannelShape, use);

  test("a promise that does not fit, a record that is broken, and the others are adopted", () =>
    onFlannel((site) => {
      const [small, large] = [site.lab.addPod("a"), site.lab.addPod("b")];
      site.tool("add", small, promise);
      site.tool("add", large, { "fairway.dev/egress-guarantee": "10G" });
      must(site.chain());
      writeFileSync(join(cacheOf(site), "cbr0-broken-eth0"), "{");
      const before = dumpPod(large);
      const { code, stdout } = adopt(site);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^adopted: /m);
      expect(stdout).toMatch(/^not adopted: .*10G/m);
      expect(stdout).toMatch(/^not read: .*cbr0-broken-eth0/m);
      expect(dumpPod(large)).toBe(before);
      const again = adopt(site, "--allow-refused");
      expect(again.code).toBe(0);
      expect(again.stdout).toMatch(/^not adopted: .*10G/m);
      expect(again.stdout).toMatch(/^not read: .*cbr0-broken-eth0/m);
    }));

  test("without records: an error, but for whom some may be refused", () =>
    onFlannel((site) => {
      must(site.chain());
      const none = ["--cache-dir", join(site.root, "none")];
      expect(adopt(site, ...none)).toMatchObject({ code: 1, stdout: "" });
      expect(adopt(site, ...none, "--allow-refused")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("nothing to do: there is no "),
      });
    }));

  test("annotations that the records do not tell: the runtime is asked for them", () =>
    onFlannel(async (site) => {
      const pod = site.lab.addPod("a");
      site.tool("add", pod, promise);
      must(site.chain());
      const [name = ""] = readdirSync(cacheOf(site));
      const file = join(cacheOf(site), name);
      const record = JSON.parse(readFileSync(file, "utf8")) as { containerId: string };
      writeFileSync(file, JSON.stringify({ ...record, capabilityArgs: {} }));
      expect(adopt(site)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("give --cri with the runtime's socket"),
      });
      const text = (value: string): Uint8Array => new TextEncoder().encode(value);
      const entry = ([key, value]: [string, string]): Uint8Array =>
        counted(6, Buffer.concat([counted(1, text(key)), counted(2, text(value))]));
      const sandbox = Buffer.concat([
        counted(1, text(record.containerId)),
        ...Object.entries(promise).map(entry),
      ]);
      const asking = await withRuntime(site.root, counted(1, sandbox), async (endpoint) => {
        const child = Bun.spawn(
          [
            ...["ip", "netns", "exec", site.lab.node, binary, "adopt", "--cri", endpoint],
            ...["--data-dir", site.dataDir, "--cache-dir", cacheOf(site)],
          ],
          { stdout: "pipe", stderr: "pipe", timeout: 60_000 },
        );
        const [stdout, stderr] = [
          await new Response(child.stdout).text(),
          await new Response(child.stderr).text(),
        ];
        return { code: await child.exited, stdout, stderr };
      });
      expect(asking).toMatchObject({ code: 0, stderr: "" });
      expect(asking.stdout).toContain("egress guarantee 100Mbit/s");
      expect(classes(site)).toContain("rate 100Mbit");
    }));

  test("an ADD that died has left a row: gc first", () =>
    onFlannel((site) => {
      const pod = site.lab.addPod("a");
      must(site.chain());
      site.tool("add", pod, promise);
      const ledger = new Database(join(site.dataDir, "ledger.db"));
      ledger.run("UPDATE attachments SET phase = 'adding'");
      ledger.close();
      expect(adopt(site)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("`fairway gc` frees what an ADD that died has left"),
      });
      must(site.fairway(binary, "gc", "--data-dir", site.dataDir));
      expect(must(adopt(site))).toStartWith("adopted: ");
    }));

  test("a node on which Fairway stands behind no network", () =>
    onFlannel((site) => {
      const { code, stdout, stderr } = adopt(site);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("`fairway install --chain` first");
    }));
});
