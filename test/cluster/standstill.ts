/** A node is brought to a standstill at a step of what its kubelet and its agent do together, and goes on from there. */
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import type { ClusterNode } from "./node.ts";

type Part = "kubelet" | "agent" | "containerd";

/** More than HTTP/2 has of its own on a stream that is at rest, and less than any call. */
const restBytes = 64;
/** What waits to be read there. It has the name by which it was made: it took its own by a rename (src/grpc/server.ts). */
const pluginSocket = /\s(\d+)\s+\d+\s+\S+\/fairway\.dev\/\.dra\.sock\.new\s/g;
const ledgerFile = "/var/lib/fairway/ledger.db";

export class Standstill implements AsyncDisposable {
  readonly node: ClusterNode;
  readonly #stopped = new Set<Part>();
  #holder: Bun.Subprocess<"pipe", "pipe", "inherit"> | null = null;

  constructor(node: ClusterNode) {
    this.node = node;
  }

  async stop(part: Part): Promise<void> {
    await this.node.machine.signal(part, "STOP");
    this.#stopped.add(part);
  }

  async go(part: Part): Promise<void> {
    await this.node.machine.signal(part, "CONT");
    this.#stopped.delete(part);
  }

  /** Kills a part, which may stand still. */
  async kill(part: Part): Promise<void> {
    await this.node.end(part, "KILL");
    this.#stopped.delete(part);
  }

  /** Nobody else writes the node's ledger from now on. */
  async holdLedger(): Promise<void> {
    const { machine } = this.node;
    const main = join(repository, "test/cluster/hold-ledger-main.ts");
    const holder = Bun.spawn(machine.inside([process.execPath, main, ledgerFile]), {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#holder = holder;
    const { value } = await holder.stdout.getReader().read();
    if (value === undefined) throw new Error(`the ledger of ${this.node.name} cannot be held`);
  }

  async releaseLedger(): Promise<void> {
    this.#holder?.stdin.end();
    await this.#holder?.exited;
    this.#holder = null;
  }

  /** The kubelet has called the driver, which stands still and has not read it. */
  async untilAsked(): Promise<void> {
    const { node } = this;
    const deadlineMs = performance.now() + 60_000;
    for (;;) {
      const sockets = `${await node.must("ss", "-xn")}\n`;
      const waiting = Array.from(sockets.matchAll(pluginSocket), ([, bytes]) => Number(bytes));
      if (waiting.some((bytes) => bytes > restBytes)) return;
      if (performance.now() > deadlineMs)
        throw new Error(`the kubelet of ${node.name} does not call: ${JSON.stringify(waiting)}`);
      await Bun.sleep(50);
    }
  }

  /** Whatever still stands goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.releaseLedger();
    for (const part of [...this.#stopped]) await this.go(part);
  }
}
