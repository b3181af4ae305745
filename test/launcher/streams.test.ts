/** stdin in each form that a runtime could give it, and an stdout that nobody reads. */
import { expect, test } from "bun:test";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cniVersions } from "../../src/config/types.ts";
import { accepted, declined, final, listen, type Script, says, saysAndCloses } from "./agent.ts";
import { type Ran, type Rig, withRig } from "./rig.ts";

async function withAgent(
  script: Script,
  use: (rig: Rig, requests: Buffer[]) => Promise<void>,
): Promise<void> {
  await withRig(async (rig) => {
    const agent = await listen(rig.socket, script);
    try {
      await use(rig, agent.requests);
    } finally {
      await agent.stop();
    }
  });
}

const toldStdin = (request: Buffer | undefined): Buffer =>
  request?.subarray(request.indexOf("\0\0") + 2) ?? Buffer.from("nobody asked");

const mebibyte = 1024 * 1024;
const stdins: [string, Buffer, "agent" | "full"][] = [
  ["empty", Buffer.alloc(0), "agent"],
  ["one byte", Buffer.from("{"), "agent"],
  ["zeros", Buffer.alloc(4096), "agent"],
  ["1 MiB", Buffer.alloc(mebibyte, "0123456789"), "agent"],
  ["1 MiB and a byte", Buffer.alloc(mebibyte + 1, "0123456789"), "full"],
  ["3 MiB", Buffer.alloc(3 * mebibyte, "0123456789"), "full"],
];

test.each(stdins)(
  "stdin of %s reaches the agent, or else the full executable",
  async (_, stdin, by) => {
    await withAgent(says(accepted, final({ stdout: "{}" })), async (rig, requests) => {
      const ran = await rig.run({ stdin });
      if (by === "agent") {
        expect(ran.full).toBeNull();
        expect(toldStdin(requests[0]).equals(stdin)).toBe(true);
      } else {
        expect(ran.full?.reason).toBe("too-large");
        expect(ran.full?.stdin.equals(stdin)).toBe(true);
        expect(requests).toEqual([]);
      }
    });
  },
);

test.each(stdins)("stdin of %s is whole after the agent declined", async (_, stdin) => {
  await withAgent(says(declined), async (rig) => {
    const ran = await rig.run({ stdin });
    expect(ran.full?.stdin.equals(stdin)).toBe(true);
  });
});

test("stdin that comes late and in parts", async () => {
  await withAgent(says(declined), async (rig, requests) => {
    const ran = await rig.run({
      stdin: "pipe",
      meanwhile: async (child) => {
        for (const part of ["{", '"a"', ": 1}"]) {
          child.stdin.write(part);
          await child.stdin.flush();
          await Bun.sleep(50);
          // The agent is not asked before all of it is there.
          expect(requests).toEqual([]);
        }
        await child.stdin.end();
      },
    });
    expect(toldStdin(requests[0]).toString()).toBe('{"a": 1}');
    expect(ran.full?.stdin.toString()).toBe('{"a": 1}');
  });
});

/** Has the launcher started with a stream on which a read or a write does not wait. */
const withoutWaiting = (stream: "STDIN" | "STDOUT"): string[] => [
  ...["perl", "-MFcntl", "-e"],
  `fcntl(${stream}, F_SETFL, fcntl(${stream}, F_GETFL, 0) | O_NONBLOCK); exec { $ARGV[0] } @ARGV`,
];

test("stdin on which a read does not wait is waited for", async () => {
  await withAgent(says(declined), async (rig, requests) => {
    const ran = await rig.run({
      through: withoutWaiting("STDIN"),
      stdin: "pipe",
      meanwhile: async (child) => {
        await Bun.sleep(100);
        child.stdin.write("{}");
        await child.stdin.end();
      },
    });
    expect(toldStdin(requests[0]).toString()).toBe("{}");
    expect(ran.full?.stdin.toString()).toBe("{}");
  });
});

test("an stdout on which a write does not wait gets all of an answer", async () => {
  const answer = Buffer.alloc(4 * mebibyte, "0123456789");
  await withAgent(says(accepted, final({ stdout: answer })), async (rig) => {
    const ran = await rig.run({ through: withoutWaiting("STDOUT") });
    expect({ exit: ran.exit, stderr: ran.stderr }).toEqual({ exit: 0, stderr: "" });
    expect(ran.stdout.equals(answer)).toBe(true);
  });
});

test("an agent that closes the connection while it is told much", async () => {
  await withAgent({ opened: (socket) => socket.destroy() }, async (rig) => {
    const stdin = Buffer.alloc(mebibyte, "0123456789");
    const ran = await rig.run({ stdin });
    expect(ran.signal).toBeNull();
    expect(ran.full?.reason).toBe("broken");
    expect(ran.full?.stdin.equals(stdin)).toBe(true);
  });
});

test("stdin that is a file is taken from where it stands", async () => {
  await withAgent(says(declined), async (rig, requests) => {
    const path = join(rig.folder, "config");
    writeFileSync(path, "a line\n{}");
    const through = ["/bin/sh", "-c", 'read line; exec "$@"', "sh"];
    const file = openSync(path, "r");
    try {
      const ran = await rig.run({ stdin: file, through });
      expect(toldStdin(requests[0]).toString()).toBe("{}");
      expect(ran.full?.stdin.toString()).toBe("{}");
    } finally {
      closeSync(file);
    }
  });
});

test.each([
  ["stdin", "<&-", "1 2"],
  ["stdout", ">&-", "0 2"],
  ["stderr", "2>&-", "0 1"],
])("a closed %s is the full executable's", async (_, redirection, files) => {
  await withAgent(says(accepted, final()), async (rig, requests) => {
    const through = ["/bin/sh", "-c", `exec "$@" ${redirection}`, "sh"];
    const ran = await rig.run({ through });
    expect(ran.exit).toBe(7);
    expect(ran.full?.reason).toBe("launcher");
    expect(ran.full?.files).toBe(files);
    expect(requests).toEqual([]);
  });
});

test("a stdin that cannot be read is the full executable's", async () => {
  await withAgent(says(accepted, final()), async (rig, requests) => {
    const folder = openSync(rig.folder, "r");
    try {
      const ran = await rig.run({ stdin: folder });
      expect(ran.full?.reason).toBe("launcher");
      expect(requests).toEqual([]);
    } finally {
      closeSync(folder);
    }
  });
});

/** The answer is larger than a pipe, whose other end is closed before it comes. */
test("an stdout that nobody reads ends with words and 1, and by no signal", async () => {
  await withAgent(says(accepted, final({ stdout: Buffer.alloc(mebibyte, "x") })), async (rig) => {
    const through = ["/bin/bash", "-c", 'set -o pipefail; "$@" | exec 0<&-', "sh"];
    const ran = await rig.run({ through });
    expect({ exit: ran.exit, stderr: ran.stderr }).toEqual({
      exit: 1,
      stderr: "fairway: the agent's answer could not be printed\n",
    });
  });
});

/** The version in an error that the launcher makes is the configuration's, as in Fairway's own errors. */
async function versionOf(stdin: string): Promise<unknown> {
  let ran: Ran | undefined;
  await withAgent(saysAndCloses(accepted), async (rig) => {
    ran = await rig.run({ stdin: Buffer.from(stdin) });
  });
  return JSON.parse(ran?.stdout.toString() ?? "").cniVersion;
}

const newest = cniVersions.at(-1) ?? "";
test.each([
  ...cniVersions.map((version) => [`{"cniVersion":"${version}"}`, version]),
  ['{ "name": "n",\n\t"cniVersion" :  "0.4.0" }', "0.4.0"],
  ['{"prevResult": {"cniVersion": "0.3.1"}, "cniVersion": "1.0.0"}', "1.0.0"],
  ['{"cniVersion": "1.0.0", "prevResult": {"cniVersion": "0.3.1"}}', "1.0.0"],
  ['{"cniVersion": "0.3.1", "cniVersion": "1.0.0"}', "1.0.0"],
  ['{"name": "\\"cniVersion\\": \\"0.3.1\\"", "a": "cniVersion"}', newest],
  ['{"cniVersion": "9.9.9"}', newest],
  ['{"cniVersion": 1}', newest],
  ['{"cniVersion": "1.0.0', newest],
  ['["cniVersion", "1.0.0"]', newest],
  ["no JSON", newest],
  ["", newest],
])("an error about %s is of version %s", async (stdin, version) => {
  expect(await versionOf(stdin)).toBe(version);
});
