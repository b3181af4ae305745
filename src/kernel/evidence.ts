/** The sources that tell, without changing anything, which parts a kernel has. */
import { readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";
import { NetlinkSocket } from "./netlink/socket.ts";
import { allLinks } from "./read/links.ts";
import { readSysctl } from "./read/sysctl.ts";
import { allQdiscs } from "./read/tc.ts";

/** A source is null where it cannot be read here. Modules are given by name, with underscores. */
export interface Evidence {
  release: string;
  /** Modules that something in the kernel uses at this moment, or without which it could not be seen. */
  inUse: Set<string>;
  /** /proc/modules and /sys/module (which also lists built-in modules, if they have parameters). */
  loaded: Set<string> | null;
  /** modules.builtin and modules.dep of this release. */
  builtIn: Set<string> | null;
  loadable: Set<string> | null;
  /** The running kernel's own configuration, or the file that came with it. */
  config: Map<string, "y" | "m"> | null;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

const moduleName = (file: string): string =>
  (file.split("/").at(-1) ?? "").replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");

/** A line is "kernel/net/sched/sch_htb.ko.xz: ..." or the path alone. */
export function moduleNames(text: string): Set<string> {
  const files = text.split("\n").flatMap((line) => line.split(":")[0]?.trim() || []);
  return new Set(files.map(moduleName));
}

/** "# CONFIG_X is not set" counts like a line that is absent. */
export function configOf(text: string): Map<string, "y" | "m"> {
  return new Map(
    [...text.matchAll(/^(CONFIG_\w+)=([ym])$/gm)].map((m) => [
      m[1] ?? "",
      m[2] === "y" ? "y" : "m",
    ]),
  );
}

function kernelConfig(name: string): Map<string, "y" | "m"> | null {
  try {
    return configOf(gunzipSync(readFileSync("/proc/config.gz")).toString());
  } catch {
    const text = textOf(`/boot/config-${name}`) ?? textOf(`/lib/modules/${name}/config`);
    return text === null ? null : configOf(text);
  }
}

function loadedModules(): Set<string> | null {
  const listed = textOf("/proc/modules");
  let below: string[] = [];
  try {
    below = readdirSync("/sys/module");
  } catch {
    if (listed === null) return null;
  }
  const lines = (listed ?? "").split("\n").flatMap((line) => line.split(" ")[0] || []);
  return new Set([...lines, ...below].map(moduleName));
}

function modulesInUse(): Set<string> {
  using socket = new NetlinkSocket();
  const qdiscs = allQdiscs(socket).map(({ kind }) => `sch_${kind}`);
  const links = allLinks(socket).flatMap(({ type }) => type ?? []);
  const bridged = readSysctl("net/bridge/bridge-nf-call-iptables") === null ? [] : ["br_netfilter"];
  return new Set([...qdiscs, ...links, ...bridged]);
}

export function kernelEvidence(): Evidence {
  const name = release();
  const names = (file: string): Set<string> | null => {
    const text = textOf(`/lib/modules/${name}/${file}`);
    return text === null ? null : moduleNames(text);
  };
  return {
    release: name,
    inUse: modulesInUse(),
    loaded: loadedModules(),
    builtIn: names("modules.builtin"),
    loadable: names("modules.dep"),
    config: kernelConfig(name),
  };
}
