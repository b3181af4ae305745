/** All of a node that a plugin could have touched, as text: what `uninstall` is held to. */
import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { mustInNamespace } from "../../src/prove/lab/namespaces.ts";
import { dumpNode } from "./dump.ts";

/** What moves by itself: counters, and what follows the memory at hand. */
const moving = /^net\.(netfilter\.nf_conntrack_count|ipv4\.(tcp_fastopen_key|route\.flush))/;

function dumpSysctls(namespace: string): string {
  const listed = mustInNamespace(namespace, [
    ...["sh", "-c", "sysctl -a -r '^net' 2>/dev/null || true"],
  ]);
  const lines = listed.split("\n").filter((line) => line !== "" && !moving.test(line));
  if (lines.length < 100) throw new Error(`only ${lines.length} sysctls are to be seen`);
  return lines.sort().join("\n");
}

const digests = new Map<string, string>();

const digested = (path: string): string =>
  createHash("sha256").update(readFileSync(path)).digest("hex");

/** The executable has a hundred megabytes: what is large is read once for each state of it. */
function digestOf(path: string, { dev, ino, size, mtimeNs }: BigIntStats): string {
  if (size < 1_000_000n) return digested(path);
  const key = [dev, ino, size, mtimeNs].join(" ");
  const known = digests.get(key);
  if (known !== undefined) return known;
  const digest = digested(path);
  digests.set(key, digest);
  return digest;
}

function entryOf(path: string): string {
  const stat = lstatSync(path, { bigint: true });
  const mode = (stat.mode & 0o7777n).toString(8);
  if (stat.isSymbolicLink()) return `link ${path} -> ${readlinkSync(path)}`;
  if (!stat.isFile()) return `folder ${path} ${mode}`;
  return `file ${path} ${mode} ${digestOf(path, stat)}`;
}

/** Every file below a folder: kind, mode, what is in it. */
export function dumpFiles(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .map((name) => entryOf(join(folder, name)))
    .sort()
    .join("\n");
}

/** Links with all their details, but for a bridge's clocks. */
function dumpLinks(namespace: string): string {
  return mustInNamespace(namespace, ["ip", "-d", "link", "show"]).replace(
    /\b\w+_timer\s+[\d.]+/g,
    "timer",
  );
}

/** The network of a node, with all details of its links and all settings. */
export function dumpNetwork(namespace: string): string {
  return [
    // A bridge learns that its last port went a little later.
    dumpNode(namespace).replaceAll(" linkdown", ""),
    dumpLinks(namespace),
    dumpSysctls(namespace),
  ].join("\n===\n");
}

/** The network of a node and the files below a folder. */
export function dumpWhole(namespace: string, folder: string): string {
  return [dumpNetwork(namespace), dumpFiles(folder)].join("\n===\n");
}
