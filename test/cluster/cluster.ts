/**
 * A real Kubernetes cluster: a control plane, nodes and a host that is no part of it, each in namespaces of its
 * own, on one wire. All of it goes with the process that made it.
 */
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "../../src/prove/lab/run.ts";
import { type Control, controlOf } from "./control.ts";
import { writeImages } from "./images.ts";
import type { Kubectl } from "./kubectl.ts";
import { refusalOf, removeOwn, sweep } from "./leftovers.ts";
import { type Machine, machineOf } from "./machine/machine.ts";
import { addresses, stemOf } from "./names.ts";
import { bringUp, type ClusterNode, nodeOf } from "./node.ts";
import { logsFolder, path } from "./tools.ts";
import { makeWire, plug, unplug } from "./wire.ts";

export interface Cluster extends Kubectl {
  control: Control;
  nodes: readonly ClusterNode[];
  /** By its number, from 1 on: "node1" is node(1). */
  node(index: number): ClusterNode;
  /** The namespaces of the wire and of the host behind it. */
  wire: string;
  remote: string;
  /** Everybody knows then where each node's pods are: routes, also after a boot. */
  linkPods(): Promise<void>;
  /** A folder of the cluster's, for whatever a test has to write. */
  scratch: string;
  /** Synchronous, so that a signal's handler can do it. Does nothing where it is done already. */
  down(): void;
}

export interface ClusterOptions {
  nodes: number;
  /** Taints that nodes are born with, "key=value:Effect". */
  taints?: readonly string[];
  /** Where the parts' logs go; a folder of its own below dist/test-cluster. */
  logs?: string;
}

function refuseSecond(): void {
  const [other] = sweep();
  if (other !== undefined) throw new Error(refusalOf(other));
}

const endedBy: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Whatever ends this process, `down` is done before. */
function onEnd(down: () => void): () => void {
  const handlers = Object.entries(endedBy).map(([signal, code]) => ({
    signal,
    handler: () => process.exit(code),
  }));
  process.once("exit", down);
  for (const { signal, handler } of handlers) process.once(signal, handler);
  return () => {
    process.removeListener("exit", down);
    for (const { signal, handler } of handlers) process.removeListener(signal, handler);
  };
}

export async function clusterUp(options: ClusterOptions): Promise<Cluster> {
  refuseSecond();
  const stem = stemOf(process.pid);
  const [wire, remote] = [`${stem}-wire`, `${stem}-remote`];
  const scratch = join(tmpdir(), `${stem}-disks`);
  const logs = join(logsFolder, options.logs ?? "logs");
  const machines: Machine[] = [];
  const remoteEnd = { name: "remote", namespace: remote, address: addresses.remote, routes: [] };
  let isUp = true;
  const down = (): void => {
    if (!isUp) return;
    isUp = false;
    forget();
    for (const machine of machines) machine.off();
    unplug(wire, remoteEnd);
    removeOwn();
  };
  const forget = onEnd(down);
  try {
    rmSync(logs, { recursive: true, force: true });
    mkdirSync(scratch, { mode: 0o700 });
    makeWire(wire);
    plug(wire, remoteEnd);
    const machineNamed = (name: string, address: string, routes: string[]): Machine => {
      const machine = machineOf({
        ...{ name, stem, wire, address, routes, path },
        ...{ disk: join(scratch, name), logs: join(logs, name) },
      });
      machines.push(machine);
      return machine;
    };
    const names = Array.from({ length: options.nodes }, (_, at) => `node${at + 1}`);
    /** By machine; what is added counts from its next boot on. */
    const routes: Record<string, string[]> = {};
    const controlMachine = machineNamed("control", addresses.control, []);
    const nodeMachines = names.map((name, at) => {
      routes[name] = [
        `default via ${addresses.remote}`,
        `${addresses.services} via ${addresses.control}`,
      ];
      return machineNamed(name, addresses.node(at + 1), routes[name]);
    });
    await Promise.all(machines.map((machine) => machine.boot()));
    const control = controlOf(controlMachine, names);
    const archives = writeImages(join(scratch, "images"));
    await control.startApi();
    await control.startRest();
    const taints = options.taints ?? [];
    const nodes = nodeMachines.map((machine) => nodeOf(machine, control, { taints }));
    await Promise.all(nodes.map((node) => bringUp(node, control, archives)));
    await control.until("pods can have their service account", async () => {
      await control.get("serviceaccount", "default");
      return true;
    });

    const linkPods: Cluster["linkPods"] = async () => {
      for (const node of nodes) {
        const line = `${node.podCidr} via ${node.address}`;
        const others = nodes.filter((each) => each !== node);
        for (const { name } of others) routes[name]?.push(line);
        for (const { namespace } of [...others.map((other) => other.machine), controlMachine])
          must(["ip", "-n", namespace, "route", "replace", ...line.split(" ")]);
        must(["ip", "-n", remote, "route", "replace", ...line.split(" ")]);
      }
    };
    const { kubectl, tryKubectl, apply, get, until } = control;
    return {
      ...{ kubectl, tryKubectl, apply, get, until, control, nodes, wire, remote, scratch },
      node: (index) => {
        const node = nodes[index - 1];
        if (node === undefined) throw new Error(`there is no node ${index}`);
        return node;
      },
      linkPods,
      down,
    };
  } catch (error) {
    down();
    throw error;
  }
}
