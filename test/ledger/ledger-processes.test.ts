import { afterEach, beforeEach, expect, test } from "bun:test";
import fs from "node:fs";
import { openLedger, openLedgerReadonly } from "../../src/ledger/ledger.ts";
import { firstPodMinor } from "../../src/plan/names.ts";
import { bootId, tempFolder } from "./fixtures/samples.ts";

const fixture = `${import.meta.dir}/fixtures/process.ts`;
const patienceMs = 60_000;

let root = "";
let dir = "";
beforeEach(() => {
  root = tempFolder();
  dir = `${root}/data`;
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function start(mode: string, name: string) {
  return Bun.spawn([process.execPath, fixture, mode, dir, name], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
}

/** A process that has written what it begins with. */
async function startedWriting(mode: string, name: string) {
  fs.writeFileSync(`${dir}.go`, "");
  const child = start(mode, name);
  while (!fs.existsSync(`${dir}.written`)) await Bun.sleep(5);
  return child;
}

async function failuresOf(children: ReturnType<typeof start>[]): Promise<string[]> {
  const ends = children.map(async (child) => {
    const [code, words] = await Promise.all([child.exited, new Response(child.stderr).text()]);
    return code === 0 ? [] : [`exit ${code}: ${words}`];
  });
  return (await Promise.all(ends)).flat();
}

test(
  "fifty first openers at once",
  async () => {
    const children = Array.from({ length: 50 }, (_, n) => start("open", `p${n}`));
    await Bun.sleep(500);
    fs.writeFileSync(`${dir}.go`, "");
    expect(await failuresOf(children)).toEqual([]);
    const ledger = openLedger({ dir, bootId });
    expect(ledger.attachments.all()).toEqual([]);
    ledger.close();
  },
  patienceMs,
);

test(
  "an opener sees a file before its first transaction or after it, never in between",
  async () => {
    const child = await startedWriting("blink", "blinker");
    let [blank, made] = [0, 0];
    for (let n = 0; n < 2000; n += 1) {
      const view = openLedgerReadonly({ dir, bootId });
      if (view === null) blank += 1;
      else made += 1;
      view?.close();
    }
    expect(Math.min(blank, made)).toBeGreaterThan(0);
    fs.rmSync(`${dir}.go`);
    expect(await failuresOf([child])).toEqual([]);
  },
  patienceMs,
);

test(
  "the first opener waits for one who is about to set the file's mode",
  async () => {
    const child = await startedWriting("mode", "holder");
    const ledger = openLedger({ dir, bootId });
    expect(ledger.attachments.all()).toEqual([]);
    ledger.close();
    expect(await failuresOf([child])).toEqual([]);
  },
  patienceMs,
);

test(
  "ten processes insert twenty each: no failure, no class and no address twice",
  async () => {
    const children = Array.from({ length: 10 }, (_, n) => start("insert", `p${n}`));
    fs.writeFileSync(`${dir}.go`, "");
    expect(await failuresOf(children)).toEqual([]);
    const ledger = openLedger({ dir, bootId });
    const rows = ledger.attachments.all();
    ledger.close();
    const minors = rows.map((row) => row.classMinor).sort((a, b) => a - b);
    expect(minors).toEqual(Array.from({ length: 200 }, (_, n) => firstPodMinor + n));
    const addresses = new Set(rows.flatMap((row) => row.leases.map((lease) => lease.address)));
    // 198.18.0.1 is the gateway: the next two hundred, in turn.
    expect(addresses).toEqual(new Set(Array.from({ length: 200 }, (_, n) => `198.18.0.${n + 2}`)));
  },
  patienceMs,
);

test(
  "a process that is killed inside its transaction leaves nothing, and holds nothing",
  async () => {
    const child = await startedWriting("hang", "doomed");
    const ledger = openLedger({ dir, bootId, busyTimeoutMs: 50 });
    expect(() => ledger.exclusively(() => 1)).toThrow("stayed locked");
    child.kill("SIGKILL");
    await child.exited;
    expect(ledger.exclusively(() => ledger.attachments.all())).toEqual([]);
    expect(ledger.cursor("pods", 0)).toBeNull();
    ledger.close();
  },
  patienceMs,
);
