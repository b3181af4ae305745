/** docs/install-beside.md: behind another network, and the pods that were there before. */
import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { binary } from "../support/binary.ts";
import {
  type ChainedSite,
  flannelShape,
  hasPlugins,
  withOtherNetwork,
} from "../support/chained-site.ts";
import { agrees, blockThat, consoleOf } from "../support/page.ts";
import { podArgs } from "./reader-node.ts";

/** Pods come in the order of the runtime's records, whose names are as chance has it. */
const sorted = (lines: string): string => lines.split("\n").toSorted().join("\n");

const page = "docs/install-beside.md";
const unable = !hasPlugins(flannelShape);

/** What it prints where the folders are the usual ones, and the uplink is eth0. */
const asPage = (site: ChainedSite, printed: string): string =>
  printed.replaceAll(site.root, "").replaceAll("uplink uplink", "uplink eth0");

test.skipIf(unable)(
  `installed with --chain, then \`fairway adopt\`${unable ? " (needs Go)" : ""}`,
  () =>
    withOtherNetwork(flannelShape, (site) => {
      const [web, batch] = [site.lab.addPod("web"), site.lab.addPod("batch")];
      const shares = {
        "fairway.dev/egress-guarantee": "100M",
        "fairway.dev/ingress-guarantee": "50M",
      };
      site.tool("add", web, shares, podArgs("web-7d4b9"));
      site.tool("add", batch, { "fairway.dev/egress-guarantee": "2G" }, podArgs("batch-x2k"));
      mkdirSync(join(site.root, "var/lib"), { recursive: true });
      const [chain] = consoleOf(blockThat(page, "# fairway install --chain"));
      const options = chain?.command.split(" ").slice(2) ?? [];
      const installed = site.install(...options, "--uplink", "uplink");
      expect(installed.stderr).toBe("");
      expect(asPage(site, installed.stdout)).toBe(chain?.output ?? "");

      const own = ["--data-dir", site.dataDir, "--cache-dir", join(site.root, "cache/results")];
      const told = consoleOf(blockThat(page, "# fairway adopt --dry-run"));
      expect(told).toHaveLength(2);
      for (const { command, output } of told) {
        const [, ...words] = command.split(" ");
        const printed = sorted(asPage(site, site.fairway(binary, ...words, ...own).stdout));
        if (!agrees(printed, sorted(output)))
          expect(`${command}\n${printed}`).toBe(`${command}\n${output}`);
      }
    }),
);
