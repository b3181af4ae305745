/**
 * Two versions that know the same format of the ledger share one, at the same time: this tree, and its next
 * version, which has made an addition (decision 39). FAIRWAY_STORM_SECONDS is how long each storm lasts.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { countOf } from "../faults/support/fairway-chain.ts";
import { type Random, randomOf } from "../faults/support/random.ts";
import { startAgent } from "../support/agent.ts";
import { binary } from "../support/binary.ts";
import { mark, nextVersion } from "../support/next-version.ts";
import {
  type AddOptions,
  type Pod,
  requestOf,
  type TestNode,
  verbEnvironment,
  withNode,
} from "../support/node.ts";
import { placeLauncher } from "../support/placed-launcher.ts";
import { type Gone, runIn } from "../support/process.ts";

type Json = Record<string, unknown>;
type Version = "this" | "next";

const seconds = Number(process.env.FAIRWAY_STORM_SECONDS ?? 2);
const limitMs = 60_000 + seconds * 1_000;
const [workers, podCount] = [4, 12];

let next = { folder: "", binary: "" };
beforeAll(() => {
  next = nextVersion();
}, limitMs);
afterAll(() => rmSync(next.folder, { recursive: true, force: true }));

const executableOf = (version: Version): string => (version === "this" ? binary : next.binary);

interface Member {
  pod: Pod;
  isBusy: boolean;
  /** null while it is not there. */
  result: Json | null;
}

/** Verbs and commands of a node, each by one of several executables. */
class Storm {
  readonly members: Member[];
  readonly done: Record<string, number> = {};
  readonly failures: string[] = [];
  #isCollecting = false;

  constructor(
    readonly node: TestNode,
    readonly random: Random,
    /** The plugins that are called, by turns. */
    readonly plugins: readonly [string, ...string[]],
  ) {
    this.members = Array.from({ length: podCount }, (_, n) => ({
      pod: node.pod(`p${n}`),
      isBusy: false,
      result: null,
    }));
  }

  verb(name: string, pod: Pod, options: AddOptions = {}, plugin = this.random.pick(this.plugins)) {
    return runIn(this.node.lab.node, {
      argv: [plugin],
      stdin: requestOf(this.node.config, options),
      env: verbEnvironment(name, pod, options),
    });
  }

  #note(what: string, gone: Gone): boolean {
    if (gone.code === 0) this.done[what] = (this.done[what] ?? 0) + 1;
    else this.failures.push(`${what}: ${gone.code} ${gone.stdout}${gone.stderr}`);
    return gone.code === 0;
  }

  async act(member: Member): Promise<void> {
    const { pod, result } = member;
    if (result === null) {
      const annotations = { "fairway.dev/egress-guarantee": `${1 + this.random.below(9)}M` };
      const gone = await this.verb("ADD", pod, { annotations });
      if (this.#note("ADD", gone)) member.result = gone.json;
    } else if (this.random.chance(0.5)) {
      this.#note("CHECK", await this.verb("CHECK", pod, { config: { prevResult: result } }));
    } else if (this.#note("DEL", await this.verb("DEL", pod))) member.result = null;
  }

  /** Everything is listed that is there or may come to be. */
  async #collect(): Promise<void> {
    if (this.#isCollecting) return;
    this.#isCollecting = true;
    const valid = this.members.map(({ pod }) => ({ containerID: pod.containerId, ifname: "eth0" }));
    const config = { cniVersion: "1.1.0", "cni.dev/valid-attachments": valid };
    const nobody: Pod = { containerId: "", namespace: "", netns: "" };
    const gone = await this.verb("GC", nobody, { config });
    // GC that only had to wait says so.
    if (gone.json.code !== 11) this.#note("GC", gone);
    this.#isCollecting = false;
  }

  async #one(): Promise<void> {
    if (this.random.chance(0.1)) return this.#collect();
    const [first, ...rest] = this.members.filter(({ isBusy }) => !isBusy);
    if (first === undefined) return;
    const member = this.random.pick([first, ...rest]);
    member.isBusy = true;
    await this.act(member);
    member.isBusy = false;
  }

  async blow(): Promise<void> {
    const endMs = performance.now() + seconds * 1_000;
    const worker = async (): Promise<void> => {
      while (performance.now() < endMs) await this.#one();
    };
    await Promise.all(Array.from({ length: workers }, worker));
  }
}

function ledgerOf<Row>(node: TestNode, sql: string): Row[] {
  const db = new Database(join(node.dataDir, "ledger.db"), { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    return db.query<Row, []>(sql).all();
  } finally {
    db.close();
  }
}

interface Row {
  id: string;
  made: string | null;
  note: string | null;
  ofLease: string | null;
}

const rowsOf = (node: TestNode): Row[] =>
  ledgerOf<Row>(
    node,
    `SELECT a.container_id AS id, a.made, n.note, l.made AS ofLease FROM attachments a
     JOIN leases l ON l.attachment_id = a.id LEFT JOIN notes n ON n.attachment_id = a.id`,
  );

/** Ledger, kernel and what the storm knows are the same, for both versions. */
async function judge(storm: Storm, node: TestNode): Promise<void> {
  expect(storm.failures).toEqual([]);
  const alive = storm.members.filter(({ result }) => result !== null);
  const rows = rowsOf(node);
  expect(rows.map(({ id }) => id).sort()).toEqual(alive.map(({ pod }) => pod.containerId).sort());
  // A row has all that its version has written, or nothing of it.
  for (const { made, note, ofLease } of rows) expect([note, ofLease]).toEqual([made, made]);
  const [{ count = -1 } = {}] = ledgerOf<{ count: number }>(
    node,
    "SELECT count(*) AS count FROM notes",
  );
  expect(count).toBe(rows.filter(({ note }) => note === mark).length);
  const counted = countOf(node, node.dataDir);
  for (const found of Object.values(counted)) expect(found).toBe(alive.length);
  for (const version of ["this", "next"] as const) {
    const { stdout } = await runIn(node.lab.node, {
      argv: [executableOf(version), "explain", "--data-dir", node.dataDir],
    });
    expect(stdout).toContain("nothing to do");
    const nobody: Pod = { containerId: "", namespace: "", netns: "" };
    const options = { config: { cniVersion: "1.1.0" } };
    const status = await storm.verb("STATUS", nobody, options, executableOf(version));
    expect(status.stdout).toBe("");
    for (const { pod, result } of alive) {
      const options = { config: { prevResult: result } };
      const { code, stdout: told } = await storm.verb("CHECK", pod, options, executableOf(version));
      expect({ code, told }).toEqual({ code: 0, told: "" });
    }
  }
  expect(ledgerOf<{ integrity_check: string }>(node, "PRAGMA integrity_check")).toEqual([
    { integrity_check: "ok" },
  ]);
}

async function clear(storm: Storm, node: TestNode): Promise<void> {
  for (const { pod } of storm.members) expect((await storm.verb("DEL", pod)).code).toBe(0);
  for (const found of Object.values(countOf(node, node.dataDir))) expect(found).toBe(0);
  expect(ledgerOf(node, "SELECT 1 FROM notes")).toEqual([]);
}

/** The ledger is made by `made`, and half of the pods are there. */
async function storming(
  { made, by }: { made: Version; by: (node: TestNode) => readonly [string, ...string[]] },
  meanwhile: (storm: Storm, node: TestNode) => Promise<void> = (storm) => storm.blow(),
): Promise<void> {
  await withNode(async (node) => {
    const storm = new Storm(node, randomOf(17), by(node));
    for (const member of storm.members.slice(0, podCount / 2)) {
      const { code, stdout, json } = await storm.verb("ADD", member.pod, {}, executableOf(made));
      expect({ code, stdout }).toMatchObject({ code: 0 });
      member.result = json;
    }
    await meanwhile(storm, node);
    await judge(storm, node);
    await clear(storm, node);
  });
}

/** The launcher asks an agent of one version, and becomes the same version's executable. */
const throughAgent =
  (version: Version) =>
  async (storm: Storm, node: TestNode): Promise<void> => {
    await using agent = await startAgent(node, {
      socket: join(node.dataDir, "agent/agent.sock"),
      program: [executableOf(version)],
    });
    await storm.blow();
    const { verbs } = JSON.parse(agent.page("/version")) as {
      verbs: { served: number; failed: number };
    };
    expect(verbs.served).toBeGreaterThan(0);
    expect(verbs.failed).toBe(0);
    console.log(`${version} agent: ${JSON.stringify(verbs)}; all: ${JSON.stringify(storm.done)}`);
  };

function launched(node: TestNode, version: Version): string {
  const folder = join(node.dataDir, "bin");
  const socket = join(node.dataDir, "agent/agent.sock");
  placeLauncher(folder, { full: executableOf(version), socket });
  return join(folder, "fairway");
}

describe("under a storm of ADD, CHECK, DEL and GC", () => {
  test(
    "this version on a ledger of the next one",
    () => storming({ made: "next", by: () => [executableOf("this")] }),
    limitMs,
  );

  test(
    "the next version on a ledger of this one, beside it",
    () => storming({ made: "this", by: () => [executableOf("next"), executableOf("this")] }),
    limitMs,
  );

  test(
    "an agent of this version beside processes of the next one",
    () =>
      storming(
        { made: "this", by: (node) => [launched(node, "this"), executableOf("next")] },
        throughAgent("this"),
      ),
    limitMs,
  );

  test(
    "an agent of the next version beside processes of this one",
    () =>
      storming(
        { made: "this", by: (node) => [launched(node, "next"), executableOf("this")] },
        throughAgent("next"),
      ),
    limitMs,
  );
});
