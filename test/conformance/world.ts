/** Where rows are run: a node of namespaces, the built binary under both its names, called by environment and stdin only. */
import { Database } from "bun:sqlite";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Lab, makeLab } from "../../src/prove/lab/lab.ts";
import {
  delNamespace,
  inNamespace,
  mustInNamespace,
  namespacePath,
} from "../../src/prove/lab/namespaces.ts";
import { dumpNode, dumpPod } from "../support/dump.ts";
import { type FakeDelegate, fakeDelegate } from "../support/fake-delegate.ts";
import { answerText } from "./answers.ts";
import { transcripts } from "./transcript.ts";
import { Unprepared } from "./unprepared.ts";
import type { Version } from "./versions.ts";
import { fellBack, type Manner, NodeAgent, placePlugin, type Way } from "./ways.ts";

export type Json = Record<string, unknown>;

export interface Call {
  command: string;
  /** The file's name that is called. */
  as?: "fairway" | "fairway-ipam";
  /** Over what a runtime sets; null: not set at all. */
  env?: Record<string, string | null>;
  /** Over the network's configuration; undefined leaves a key out. */
  config?: Json;
  /** In place of a configuration: as it stands. */
  stdin?: string | Uint8Array | (() => string | Uint8Array);
  /** In place of a pipe: "<&-" and the like, for a shell. */
  redirect?: string;
}

export interface Reply {
  exit: number | null;
  stdout: string;
  stderr: string;
  /** What was printed, if it is one JSON object. */
  json: Json;
}

export interface Pod {
  id: string;
  namespace: string;
  netns: string;
}

export interface Network {
  config: Json;
  /** Of its addresses: "198.19.7." */
  prefix: string;
}

export const newest: Version = "1.1.0";
export const validKey = "cni.dev/valid-attachments";
export const uplink = {
  name: "uplink",
  egressCapacity: "400M",
  ingressCapacity: "400M",
  gsoMaxSize: 9000,
};

/** A call that takes longer is no answer: a runtime's patience is finite, too. */
const limitMs = 60_000;

function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}

/** The last verb that closes a ledger locks it for a moment, for readers too. */
function reader(file: string): Database {
  const db = new Database(file, { readonly: true });
  db.run("PRAGMA busy_timeout = 5000");
  return db;
}

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "fairway-conformance-"));
  readonly dataDir = join(this.folder, "data");
  /** The ledger's folder of fairway-ipam. */
  readonly addresses = join(this.folder, "addresses");
  /** A CNI_PATH with both names in it. */
  readonly bin = join(this.folder, "bin");
  readonly lab: Lab;
  readonly #pods = new Map<string, Pod>();
  #made = 0;
  #calls = 0;
  #agent: NodeAgent | null = null;

  private constructor(
    readonly way: Way,
    readonly manner: Manner,
  ) {
    try {
      // Where its folder is not there yet, the agent cannot tell that it is the caller's, too.
      for (const folder of [this.dataDir, this.addresses]) mkdirSync(folder, { mode: 0o700 });
      placePlugin(this.bin, way, manner);
      this.lab = makeLab({ prefix: "fwc" });
    } catch (error) {
      rmSync(this.folder, { recursive: true, force: true });
      throw error;
    }
  }

  static async open(way: Way, manner: Manner = "usual"): Promise<World> {
    const world = new World(way, manner);
    if (way === "one-shot") return world;
    try {
      world.#agent = await NodeAgent.start(world.bin, world.lab.node, world.dataDir);
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#agent?.end();
    this.lab.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The part that all networks of the node agree on. */
  get shared(): Json {
    return { type: "fairway", uplink, dataDir: this.dataDir, logLevel: "silent" };
  }

  /** A network that no other row knows. */
  network(over: Json = {}, ipam: Json = {}): Network {
    this.#made += 1;
    const prefix = `198.19.${this.#made}.`;
    const config = {
      cniVersion: newest,
      name: `net${this.#made}`,
      ...this.shared,
      ipam: { subnet: `${prefix}0/27`, routes: [{ dst: "0.0.0.0/0" }], ...ipam },
      ...over,
    };
    return { config, prefix };
  }

  /** The same for fairway-ipam: what stands around `ipam` is another plugin's. */
  ipamNetwork(over: Json = {}, ipam: Json = {}): Network {
    this.#made += 1;
    const prefix = `198.19.${this.#made}.`;
    const config = {
      cniVersion: newest,
      name: `ipam${this.#made}`,
      type: "bridge",
      bridge: 5,
      ipam: {
        type: "fairway-ipam",
        dataDir: this.addresses,
        subnet: `${prefix}0/27`,
        routes: [{ dst: "0.0.0.0/0" }],
        ...ipam,
      },
      ...over,
    };
    return { config, prefix };
  }

  /** How many were made. */
  get pods(): number {
    return this.#pods.size;
  }

  /** Empty, of a name that no other row knows. */
  pod(): Pod {
    const id = `p${this.#pods.size + 1}`;
    const namespace = this.lab.addPod(id);
    const pod = { id, namespace, netns: namespacePath(namespace) };
    this.#pods.set(id, pod);
    return pod;
  }

  removeNamespace({ namespace }: Pod): void {
    delNamespace(namespace);
  }

  fake(): FakeDelegate {
    return fakeDelegate(mkdtempSync(join(this.folder, "fake-")));
  }

  async call(call: Call, pod: Pod | null, config: Json): Promise<Reply> {
    const plugin = join(this.bin, call.as ?? "fairway");
    const argv = call.redirect ? ["sh", "-c", `exec "$0" ${call.redirect}`, plugin] : [plugin];
    const stdin = typeof call.stdin === "function" ? call.stdin() : call.stdin;
    const text = stdin ?? JSON.stringify({ ...config, ...call.config });
    const callId = String(++this.#calls);
    const env: Record<string, string | null> = {
      PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      LC_ALL: "C",
      ...(this.way === "agent" && { CONFORMANCE_CALL: callId }),
      CNI_COMMAND: call.command,
      CNI_CONTAINERID: pod?.id ?? null,
      CNI_NETNS: pod?.netns ?? null,
      CNI_IFNAME: pod === null ? null : "eth0",
      CNI_PATH: this.bin,
      CNI_ARGS: pod === null ? null : "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart",
      ...call.env,
    };
    const child = Bun.spawn(["ip", "netns", "exec", this.lab.node, ...argv], {
      stdin: typeof text === "string" ? new TextEncoder().encode(text) : text,
      stdout: "pipe",
      stderr: "pipe",
      env: Object.fromEntries(
        Object.entries(env).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
      ),
      timeout: limitMs,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr, exit] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const code = child.signalCode === null ? exit : null;
    const reply = { exit: code, stdout, stderr, json: parsed(stdout) };
    await this.#note(callId, call.command, reply);
    return reply;
  }

  async #note(callId: string, command: string, reply: Reply): Promise<void> {
    const agent = this.#agent;
    const ended = agent?.ended ?? null;
    if (ended !== null) throw new Error(`the agent ended: ${ended.slice(-600)}`);
    const transcript = transcripts.getStore();
    if (transcript === undefined) return;
    transcript.answers.push(answerText(command, reply));
    if (agent === null) return;
    const why = fellBack(this.bin, callId);
    if (why === null) transcript.served += 1;
    else if (why !== "declined" || this.manner === "usual") transcript.fellBack.push(why);
    else transcript.fellBack.push(`declined: ${await agent.lastDeclined()}`);
  }

  verb(command: string, pod: Pod | null, { config }: Network, call: Partial<Call> = {}) {
    return this.call({ command, ...call }, pod, config);
  }

  /** Something that a row needs first. Its result. */
  async must(command: string, pod: Pod | null, network: Network, call: Partial<Call> = {}) {
    const { exit, stdout, stderr, json } = await this.verb(command, pod, network, call);
    if (exit !== 0) throw new Unprepared(`${command} before it failed: ${stdout}${stderr}`);
    return json;
  }

  /** On the node; must succeed. */
  run(...argv: string[]): string {
    return mustInNamespace(this.lab.node, argv);
  }

  has(...argv: string[]): boolean {
    return inNamespace(this.lab.node, argv).code === 0;
  }

  inPod(pod: Pod, ...argv: string[]): string {
    return mustInNamespace(pod.namespace, argv);
  }

  /** All tables of a ledger, in words; "" where there is none. */
  ledger(folder = this.dataDir): string {
    const file = join(folder, "ledger.db");
    if (!existsSync(file)) return "";
    const db = reader(file);
    try {
      const tables = db
        .query<{ name: string }, []>("select name from sqlite_master where type = 'table'")
        .all();
      return tables
        .map(({ name }) => `${name}: ${JSON.stringify(db.query(`select * from "${name}"`).all())}`)
        .sort()
        .join("\n");
    } finally {
      db.close();
    }
  }

  /** Rows of a ledger's table, as they are. */
  rows(table: string, folder = this.dataDir): Json[] {
    const db = reader(join(folder, "ledger.db"));
    try {
      return db.query<Json, []>(`select * from "${table}"`).all();
    } finally {
      db.close();
    }
  }

  /** The kernel and the ledgers, whole. */
  dump(...pods: Pod[]): string {
    return [
      dumpNode(this.lab.node),
      ...pods.map(({ namespace }) => dumpPod(namespace)),
      this.ledger(),
      this.ledger(this.addresses),
    ].join("\n=====\n");
  }
}
