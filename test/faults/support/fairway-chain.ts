/** Fairway in a kill sweep: every look is held to what is alive. */
import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../../../src/prove/lab/namespaces.ts";
import { must } from "../../../src/prove/lab/run.ts";
import { binary } from "../../support/binary.ts";
import { type Pod, requestOf, type TestNode, verbEnvironment } from "../../support/node.ts";
import { type Gone, runIn } from "../../support/process.ts";
import { readPoints } from "./points.ts";
import type { Random } from "./random.ts";
import type { Chain, Kill } from "./sweep.ts";
import { faultyBinary } from "./world.ts";

type Json = Record<string, unknown>;

/** What was there that nobody has, or was not there that somebody has. */
export interface Leaks {
  addresses: number;
  devices: number;
  classes: number;
  elements: number;
  rows: number;
  /** Pods that CHECK, or `explain`, finds something about. */
  notWhole: string[];
}

/** What each pod of a sweep asks for. */
export const options = {
  annotations: { "fairway.dev/egress-guarantee": "2M", "fairway.dev/ingress-guarantee": "1M" },
};

export interface Points {
  ADD: number;
  DEL: number;
}

/** How many points the two verbs have on a node that has its base; beyond the last one nothing is killed. */
export function pointsOf(node: TestNode): Points {
  const pod = node.pod("points");
  const log = join(node.dataDir, "points");
  const play = (verb: string): number => {
    const { code, stdout } = inNamespace(node.lab.node, [faultyBinary], {
      stdin: requestOf(node.config, options),
      env: { ...verbEnvironment(verb, pod, {}), FAIRWAY_FAULT_LOG: log },
    });
    if (code !== 0) throw new Error(`${verb} ended with ${code}: ${stdout}`);
    const count = readPoints(log).length;
    rmSync(log);
    return count;
  };
  for (const verb of ["ADD", "DEL"]) play(verb);
  return { ADD: play("ADD"), DEL: play("DEL") };
}

interface Counted {
  addresses: number;
  devices: number;
  classes: number;
  elements: number;
  rows: number;
}

export function countOf(node: TestNode, dataDir: string): Counted {
  const text = (...argv: string[]): string => inNamespace(node.lab.node, argv).stdout;
  const matches = (found: string, pattern: RegExp): number => [...found.matchAll(pattern)].length;
  const classes = ["uplink", "fw0"].map((dev) =>
    matches(text("tc", "class", "show", "dev", dev), /class htb fa01:[1-9a-f][0-9a-f]+ /g),
  );
  const db = new Database(join(dataDir, "ledger.db"), { readonly: true });
  const rows = (table: string): number =>
    db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1;
  try {
    return {
      addresses: rows("leases"),
      devices: matches(text("ip", "-o", "link", "show"), /: fwv/g),
      classes: Math.max(...classes),
      elements: matches(text("nft", "list", "map", "inet", "fairway", "class4"), / : fa01:/g),
      rows: rows("attachments"),
    };
  } finally {
    db.close();
  }
}

interface Asked {
  verb: string;
  pod: Pod;
  config?: Json;
  kill?: Kill;
}

/** How a verb is called, and what of it is killed. */
export type Call = (asked: Asked) => Promise<Gone>;

/** The plugin is executed, and it is the plugin's process that is killed. */
export function directCall(node: TestNode, points: Points, random: Random): Call {
  return ({ verb, pod, config = {}, kill = null }) => {
    const atStep = kill === "step";
    return runIn(node.lab.node, {
      argv: [atStep ? faultyBinary : binary],
      stdin: requestOf(node.config, { ...options, config }),
      env: {
        ...verbEnvironment(verb, pod, {}),
        ...(atStep && killAt(points, verb, random)),
      },
      ...(kill !== null && kill !== "step" && { killAfterMs: kill.afterMs }),
    });
  };
}

/** A death at one of the verb's steps. */
export const killAt = (points: Points, verb: string, random: Random): Record<string, string> => ({
  FAIRWAY_FAULT_AT: String(1 + random.below(points[verb === "ADD" ? "ADD" : "DEL"])),
  FAIRWAY_FAULT_AS: "kill-before",
});

/** An agent had begun it when it died, and its launcher says so. */
export const isLostAdd = ({ json }: Pick<Gone, "json">): boolean =>
  json.code === 11 && String(json.msg).startsWith("Fairway's agent accepted the ADD");

/** `beforeLook` is waited for before it is looked at what there is. */
export function fairwayChain(
  node: TestNode,
  call: Call,
  beforeLook: () => Promise<void> = async () => {},
): Chain & { leaks: Leaks } {
  const leaks: Leaks = {
    ...{ addresses: 0, devices: 0, classes: 0, elements: 0, rows: 0 },
    notWhole: [],
  };
  const results = new Map<Pod, Json>();
  const isWhole = async (pod: Pod): Promise<void> => {
    const { code, stdout } = await call({
      verb: "CHECK",
      pod,
      config: { prevResult: results.get(pod) },
    });
    if (code !== 0) leaks.notWhole.push(`CHECK of ${pod.containerId}: ${stdout}`);
  };
  const command = (...args: string[]): string => {
    const { code, stdout, stderr } = node.fairway(...args);
    if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  };
  /** A tool of a process that was killed may be at work for a moment. */
  const gc = async (valid: Json[]): Promise<void> => {
    const any = node.config as Json;
    for (let left = 20; ; left--) {
      const done = await call({
        verb: "GC",
        pod: { containerId: "gc", namespace: "", netns: "" },
        config: { ...any, cniVersion: "1.1.0", "cni.dev/valid-attachments": valid },
      });
      if (done.code === 0) return;
      if (left === 0 || done.hung) throw new Error(`GC: ${done.stdout}${done.stderr}`);
      await Bun.sleep(100);
    }
  };
  const holdTo = (alive: number): void => {
    const found = countOf(node, node.dataDir);
    for (const key of ["addresses", "devices", "classes", "elements", "rows"] as const)
      leaks[key] += Math.abs(found[key] - alive);
  };
  return {
    leaks,
    pod: (name) => node.pod(name),
    run: async (name, pod, kill) => {
      const done = await call({ verb: name, pod, kill });
      const [first] = (done.json.ips ?? []) as { address: string }[];
      if (name === "ADD" && done.code === 0) results.set(pod, done.json);
      return {
        ok: done.code === 0,
        // `ip netns exec` becomes the plugin, so the signal is its own.
        killed: done.code === null && !done.hung,
        isLost: name === "ADD" && isLostAdd(done),
        address: first?.address ?? null,
        tookMs: done.tookMs,
        told: done.hung ? "it hangs" : done.stdout + done.stderr,
      };
    },
    settle: async (live) => {
      await beforeLook();
      await gc(live.map(({ containerId }) => ({ containerID: containerId, ifname: "eth0" })));
      command("gc");
      command("repair");
      holdTo(live.length);
      const explained = node.fairway("explain").stdout;
      if (!explained.includes("nothing to do")) leaks.notWhole.push(explained);
      for (const pod of live) await isWhole(pod);
    },
    clear: async (live, all) => {
      for (const pod of live) await call({ verb: "DEL", pod });
      holdTo(0);
      for (const { namespace } of all) must(["ip", "netns", "del", namespace]);
    },
  };
}
