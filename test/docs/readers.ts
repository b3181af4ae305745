/** Reads a block of a page as the program does that it is for. Each throws with what is wrong. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutate } from "../../src/admission/mutate.ts";
import { judgeAnnotations } from "../../src/admission/verdict.ts";
import { parseIpamPluginConfig } from "../../src/config/ipam-plugin.ts";
import { Problems } from "../../src/config/problems.ts";
import { runChild } from "../../src/ops/child.ts";
import { parseNetworkConfig } from "../../src/promise/network-config.ts";
import { hasHelm, rendered } from "../chart/helm.ts";
import { repository } from "../support/binary.ts";
import { blocksOf } from "../support/page.ts";
import { promtool } from "../support/prometheus.ts";
import type { Read } from "./blocks.ts";
import { unknownWords } from "./known-words.ts";

type Json = Record<string, unknown>;

interface Reader {
  /** What has to be built for it, where that is not there. */
  needs: string | null;
  read: (text: string, page: string) => void;
}

/** A member of an object, as pages show it, is one: `"tiers": {...}`. */
const objectOf = (text: string): Json =>
  JSON.parse(text.startsWith("{") ? text : `{${text}}`) as Json;

const sample = JSON.parse(readFileSync(join(repository, "conf/10-fairway.conflist"), "utf8")) as {
  plugins: Json[];
};

const named = { name: "pods", cniVersion: "1.0.0" };

/** What the page has said of tiers before: a policy names them. */
function tiersOn(page: string): Json {
  const block = blocksOf(page).find(({ text }) => text.startsWith('"tiers"'));
  return block === undefined ? {} : { ...objectOf(block.text), defaultTier: undefined };
}

function readConfiguration(text: string, page: string): void {
  const { plugins, ...keys } = objectOf(text);
  if (keys.type === "bridge") {
    parseIpamPluginConfig({ ...named, ...keys });
    return;
  }
  const whole = Array.isArray(plugins)
    ? (plugins as Json[]).find(({ type }) => type === "fairway")
    : { ...sample.plugins[0], ...tiersOn(page), ...keys };
  parseNetworkConfig(JSON.parse(JSON.stringify({ ...named, ...whole })));
}

function readAnnotations(text: string): void {
  const { metadata } = Bun.YAML.parse(text) as {
    metadata: { annotations: Record<string, string> };
  };
  const problems = new Problems();
  judgeAnnotations(metadata.annotations, problems);
  problems.throwIfAny();
}

/** Admission gives the pod the annotations that say the same. */
function readResources(text: string): void {
  const { resources } = Bun.YAML.parse(text) as { resources: { limits: Record<string, string> } };
  const requests = resources.limits;
  const decision = mutate(
    {
      metadata: { name: "a" },
      spec: { containers: [{ name: "main", resources: { ...resources, requests } }] },
    },
    null,
  );
  const said = JSON.stringify(decision);
  if (!said.includes("egress-guarantee") || !said.includes("ingress-guarantee"))
    throw new Error(`no annotation comes of it: ${said}`);
}

/** The values of a `helm upgrade` as `helm template` takes them. */
function readChartValues(text: string): void {
  const words = text
    .replaceAll("\\\n", " ")
    .split(/\s+/)
    .map((word) => word.replaceAll("'", ""));
  const values = words.flatMap((word, at) =>
    word === "--set" ? ["--set", words[at + 1] ?? ""] : [],
  );
  if (values.length === 0) throw new Error("it sets nothing");
  rendered(...values);
}

function readScrapeConfiguration(text: string): void {
  const folder = mkdtempSync(join(tmpdir(), "fairway-scrape-"));
  try {
    const token = join(folder, "token");
    writeFileSync(token, "");
    const path = join(folder, "prometheus.yaml");
    writeFileSync(path, text.replace(/credentials_file: [^ ]+/, `credentials_file: ${token}`));
    const { code, stdout, stderr } = runChild([promtool(), "check", "config", path], {
      timeoutMs: 30_000,
    });
    if (code !== 0) throw new Error(stdout + stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readUsage(text: string): void {
  const unknown = unknownWords(text.replaceAll(/[[\]]|\.\.\.|\n\s+/g, " "));
  if (unknown.length > 0) throw new Error(unknown.join(", "));
}

export const readers: Record<Read["as"], Reader> = {
  configuration: { needs: null, read: readConfiguration },
  annotations: { needs: null, read: readAnnotations },
  resources: { needs: null, read: readResources },
  "chart values": { needs: hasHelm ? null : "Helm", read: readChartValues },
  "scrape configuration": { needs: null, read: readScrapeConfiguration },
  usage: { needs: null, read: readUsage },
};
