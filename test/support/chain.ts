/** A chain of plugins with Fairway in it, called in order as libcni does: each gets the one before's result. */
import { join } from "node:path";
import { inNamespace } from "../../src/prove/lab/namespaces.ts";
import { binary } from "./binary.ts";
import { type Ended, type Pod, type TestNode, verbEnvironment } from "./node.ts";
import { toolsFolder } from "./reference.ts";

type Json = Record<string, unknown>;
type Env = Record<string, string>;

export interface ChainKind {
  title: string;
  /** The reference plugin that makes the interface, and its keys. */
  plugin: string;
  keys: Json;
  /** The device that the ingress tree stands on. */
  ingress: string;
}

export const chainKinds: readonly ChainKind[] = [
  {
    title: "bridge",
    plugin: "bridge",
    keys: { bridge: "cni0", isGateway: true },
    ingress: "cni0",
  },
  { title: "ptp", plugin: "ptp", keys: {}, ingress: "fwifb" },
];

const chainSubnet = "198.19.7.0/24";
const ranges4 = [{ subnet: chainSubnet }];
const ranges6 = [{ subnet: "fd00:198:19:7::/64" }];

export interface Chain {
  /** Before fairway: what makes the interface; behind it what is in `after`. */
  config(plugin: string, over?: Json): Json;
  /** One plugin, one verb. */
  call(plugin: string, verb: string, pod: Pod, config: Json, env?: Env): Ended;
  /** The first plugin alone: its result. */
  first(pod: Pod): Json;
  /** Fairway's ADD after that. */
  add(pod: Pod, prevResult: Json, options?: Options): Ended;
  check(pod: Pod, prevResult: Json, options?: Options): Ended;
  del(pod: Pod, options?: Options): Ended;
  /** The first plugin's own DEL. */
  last(pod: Pod): Ended;
}

interface Options {
  annotations?: Record<string, string>;
  over?: Json;
  env?: Env;
}

export interface ChainOptions {
  ipv6?: boolean;
  cniVersion?: string;
}

/** Needs the reference plugins. */
export function chainOn(node: TestNode, kind: ChainKind, options: ChainOptions = {}): Chain {
  const common = { cniVersion: options.cniVersion ?? "1.0.0", name: "chain" };
  const ipam = {
    type: "host-local",
    dataDir: join(node.dataDir, "host-local"),
    ranges: options.ipv6 === true ? [ranges4, ranges6] : [ranges4],
    routes: [{ dst: "0.0.0.0/0" }, ...(options.ipv6 === true ? [{ dst: "::/0" }] : [])],
  };
  const { ipam: _, name: __, cniVersion: ___, ...fairway } = node.config;
  const config = (plugin: string, over: Json = {}): Json => {
    const own = plugin === "fairway" ? fairway : {};
    const main = plugin === kind.plugin ? { ...kind.keys, ipam } : {};
    return { ...common, ...main, ...own, type: plugin, ...over };
  };
  const call: Chain["call"] = (plugin, verb, pod, stdin, { PATH, ...over } = {}) => {
    const path = plugin === "fairway" ? binary : join(toolsFolder, plugin);
    const env = { ...verbEnvironment(verb, pod, {}), CNI_PATH: toolsFolder, ...over };
    // A PATH is the plugin's, not that of the tools which lead there.
    const argv = PATH === undefined ? [path] : ["/usr/bin/env", `PATH=${PATH}`, path];
    const done = inNamespace(node.lab.node, argv, { stdin: JSON.stringify(stdin), env });
    let json: Json = {};
    if (done.stdout !== "") json = JSON.parse(done.stdout) as Json;
    return { ...done, json };
  };
  const asked = ({ annotations = {}, over = {} }: Options, prevResult?: Json): Json =>
    config("fairway", {
      ...(prevResult === undefined ? {} : { prevResult }),
      runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
      ...over,
    });
  return {
    config,
    call,
    first: (pod) => {
      const done = call(kind.plugin, "ADD", pod, config(kind.plugin));
      if (done.code !== 0) throw new Error(`${kind.plugin}: ${done.stdout}${done.stderr}`);
      return done.json;
    },
    add: (pod, prevResult, more = {}) =>
      call("fairway", "ADD", pod, asked(more, prevResult), more.env),
    check: (pod, prevResult, more = {}) => call("fairway", "CHECK", pod, asked(more, prevResult)),
    del: (pod, more = {}) => call("fairway", "DEL", pod, asked(more)),
    last: (pod) => call(kind.plugin, "DEL", pod, config(kind.plugin)),
  };
}
