import { addNamespace, delNamespace, listNamespaces } from "./namespaces.ts";
import { makeWire, waitForWire } from "./wire.ts";

export interface LabOptions {
  /** This stands in front of the process id in every namespace's name, so that runs never collide. */
  prefix: string;
  /** Where it is absent, the wire is as fast as the machine. */
  wireBits?: number;
}

/** A node, a remote host and the wire between them. Pods are empty namespaces until a plugin wires them. */
export interface Lab {
  node: string;
  remote: string;
  wire: string;
  /** Makes an empty namespace that goes with the lab; returns its full name. */
  addPod(name: string): string;
  /**
   * Removes every namespace of this lab. It is safe to call twice, and from a signal handler, since it is
   * synchronous.
   */
  remove(): void;
}

/** Several labs may live in one process. */
let made = 0;

/**
 * Makes the namespaces and the wire. Where that fails nothing is left of them.
 * @throws FairwayError missingTool, io (most often: not root, or a kernel part is missing).
 */
export function makeLab({ prefix, wireBits }: LabOptions): Lab {
  made += 1;
  const stem = `${prefix}-${process.pid}${made === 1 ? "" : `.${made}`}`;
  const names = { node: `${stem}-node`, remote: `${stem}-remote`, wire: `${stem}-wire` };
  const remove = (): void => {
    for (const namespace of listNamespaces()) {
      if (namespace.startsWith(`${stem}-`)) delNamespace(namespace);
    }
  };
  try {
    addNamespace(names.node);
    addNamespace(names.remote);
    makeWire({ ...names, rateBits: wireBits ?? null });
    waitForWire(names);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    ...names,
    addPod(name) {
      const pod = `${stem}-${name}`;
      addNamespace(pod);
      return pod;
    },
    remove,
  };
}

/**
 * Makes a lab, hands it over, and removes it whatever happens, even where a signal's handler ends the
 * process.
 */
export async function withLab<T>(
  options: LabOptions,
  use: (lab: Lab) => T | Promise<T>,
): Promise<T> {
  const lab = makeLab(options);
  // This is for a process.exit() in the middle: `finally` does not run then.
  process.once("exit", lab.remove);
  try {
    return await use(lab);
  } finally {
    process.removeListener("exit", lab.remove);
    lab.remove();
  }
}
