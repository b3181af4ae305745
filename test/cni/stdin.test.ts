import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fs from "node:fs";
import os from "node:os";
import { readStdin } from "../../src/cni/stdin.ts";

const fixture = `${import.meta.dir}/fixtures/read-stdin.ts`;

let dir = "";
beforeAll(() => {
  dir = fs.mkdtempSync(`${os.tmpdir()}/fairway-stdin-`);
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** `$0` is Bun and `$1` the fixture. */
function inShell(script: string): unknown {
  const { stdout } = Bun.spawnSync(["sh", "-c", script, process.execPath, fixture], {
    stdin: "ignore",
  });
  return JSON.parse(stdout.toString().trim());
}

describe("stdin as a runtime leaves it", () => {
  const rows: [string, string, unknown][] = [
    ["piped", `printf '{"a":"é"}' | "$0" "$1"`, { text: '{"a":"é"}' }],
    ["empty", `"$0" "$1" </dev/null`, { text: "" }],
    // Bun opens /dev/null in the place of a closed standard descriptor.
    ["closed", `"$0" "$1" <&-`, { text: "" }],
    [
      "a terminal",
      `script -qec "'$0' '$1'" /dev/null`,
      { code: 6, msg: "no configuration on stdin: it is a terminal" },
    ],
    [
      "not UTF-8",
      `printf '{"a":"\\377"}' | "$0" "$1"`,
      { code: 6, msg: "the configuration on stdin is not UTF-8" },
    ],
    ["half a character", `printf '\\303' | "$0" "$1"`, { code: 6, msg: expect.any(String) }],
    ["a folder", `"$0" "$1" </`, { code: 5, msg: expect.stringMatching(/stdin cannot be read/) }],
  ];
  test.each(rows)("%s", (_, script, expected) => {
    expect(inShell(script)).toEqual(expected);
  });
});

test("a closed descriptor is named so", () => {
  const fd = fs.openSync("/dev/null", "r");
  fs.closeSync(fd);
  expect(() => readStdin(fd)).toThrow("no configuration on stdin: it is closed");
});

test("more than one read takes in, with a character across the border", () => {
  const text = `x${"é".repeat(200_000)}`;
  fs.writeFileSync(`${dir}/long`, text);
  const fd = fs.openSync(`${dir}/long`, "r");
  expect(readStdin(fd)).toBe(text);
  fs.closeSync(fd);
});

test("a pipe that does not block is waited for", async () => {
  const fifo = `${dir}/fifo`;
  Bun.spawnSync(["mkfifo", fifo]);
  const fd = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const script = `exec 3>"$0"; : >"$0.open"; sleep 0.2; printf one >&3; sleep 0.2; printf two >&3`;
  const writer = Bun.spawn(["sh", "-c", script, fifo]);
  while (!fs.existsSync(`${fifo}.open`)) await Bun.sleep(5);
  expect(readStdin(fd)).toBe("onetwo");
  fs.closeSync(fd);
  expect(await writer.exited).toBe(0);
});
