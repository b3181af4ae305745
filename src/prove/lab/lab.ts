import { addNamespace, delNamespace, listNamespaces } from "./namespaces.ts";
import { makeWire, waitForWire } from "./wire.ts";

export interface LabOptions {
  /** In front of the process id in every namespace's name, so that runs never collide. */
  prefix: string;
  /** Absent: the wire is as fast as the machine. */
  wireBits?: number;
}

/** A node, a remote host and the wire between them; pods are empty namespaces until a plugin wires them. */
export interface Lab {
  node: string;
  remote: string;
  wire: string;
  /** Makes an empty namespace that goes with the lab; returns its full name. */
  addPod(name: string): string;
  /** Removes every namespace of this lab. Safe to call twice, and from a signal handler: it is synchronous. */
  remove(): void;
}

/** Several labs may live in one process. */
let made = 0;

/**
 * Makes the namespaces and the wire; nothing is left of them where that fails.
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

/** Makes a lab, hands it over, and removes it whatever happens, the process's end by a signal's handler included. */
export async function withLab<T>(
  options: LabOptions,
  use: (lab: Lab) => T | Promise<T>,
): Promise<T> {
  const lab = makeLab(options);
  // The last resort for a process.exit() in the middle: `finally` does not run then.
  process.once("exit", lab.remove);
  try {
    return await use(lab);
  } finally {
    process.removeListener("exit", lab.remove);
    lab.remove();
  }
}
