/** What the full executable gets, and what the agent is told. */
import { expect, test } from "bun:test";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { accepted, declined, final, listen, type Script, says } from "./agent.ts";
import { defaultStdin, type Ran, type Rig, withRig } from "./rig.ts";

const environment = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_ARGS: "A=1;B=é",
  FAIRWAY_TRACE: "",
  HOME: "/root",
  XCNI_ODD: "1",
};
const entries = Object.entries(environment).map(([name, value]) => `${name}=${value}`);

/** With an agent that follows the script. Returns what it was asked. */
async function asked(rig: Rig, script: Script, use: () => Promise<void>): Promise<Buffer[]> {
  const agent = await listen(rig.socket, script);
  try {
    await use();
    return agent.requests;
  } finally {
    await agent.stop();
  }
}

/** The body's environment and stdin. */
function bodyOf(request: Buffer | undefined): { environment: string[]; stdin: string } {
  const body = request?.subarray(request.indexOf("\r\n\r\n") + 4) ?? Buffer.alloc(0);
  const end = body.indexOf("\0\0");
  return {
    environment: body.toString("utf8", 0, end).split("\0"),
    stdin: body.toString("utf8", end + 2),
  };
}

/** Without an agent: the full executable was run, for this reason. */
function expectFull(ran: Ran, reason: string | null): NonNullable<Ran["full"]> {
  expect({ exit: ran.exit, stdout: ran.stdout.toString(), stderr: ran.stderr }).toEqual({
    exit: 7,
    stdout: "the full executable ran",
    stderr: "",
  });
  if (ran.full === null) throw new Error("the full executable did not run");
  expect(ran.full.reason).toBe(reason);
  return ran.full;
}

test("the agent is told CNI_* and FAIRWAY_*, the name, and stdin", async () => {
  await withRig(async (rig) => {
    const [request] = await asked(rig, says(accepted, final()), async () => {
      const ran = await rig.run({
        environment: { ...environment, FAIRWAY_AS: "another", FAIRWAY_FELL_BACK: "declined" },
      });
      expect(ran.exit).toBe(0);
    });
    const head = request?.toString("latin1", 0, request.indexOf("\r\n\r\n")).split("\r\n");
    const body = request?.subarray(request.indexOf("\r\n\r\n") + 4);
    expect(head).toEqual([
      "POST /v1/verb HTTP/1.1",
      "Host: agent",
      "Fairway-Protocol: 1",
      "Content-Type: application/octet-stream",
      `Content-Length: ${body?.length}`,
    ]);
    expect(bodyOf(request)).toEqual({
      environment: [...entries.slice(0, 4), "FAIRWAY_AS=fairway"],
      stdin: defaultStdin.toString(),
    });
  });
});

test.each([
  ["fairway-ipam", undefined, "fairway-ipam"],
  ["fairway", "/somewhere/fairway-ipam", "fairway-ipam"],
  ["fairway", "fairway-ipam", "fairway-ipam"],
  ["fairway-ipam", "/opt/cni/bin/fairway", "fairway"],
  ["fairway", "fairway-ipam/fairway", "fairway"],
  ["fairway", "fairway-ipam-2", "fairway"],
])("%s, called %p, is %s to the agent, and keeps its name", async (name, argv0, told) => {
  await withRig(async (rig) => {
    const call = { name, ...(argv0 !== undefined && { argv0 }), args: ["an argument", ""] };
    const [request] = await asked(rig, says(declined), async () => {
      const { argv } = expectFull(await rig.run(call), "declined");
      expect(argv).toEqual([argv0 ?? join(rig.folder, name), "an argument", ""]);
    });
    expect(bodyOf(request).environment).toContain(`FAIRWAY_AS=${told}`);
  });
});

test("the full executable has the environment as it was, and why it runs", async () => {
  await withRig(async (rig) => {
    const ran = await rig.run({ environment: { ...environment, FAIRWAY_FELL_BACK: "of before" } });
    expect(expectFull(ran, "no-agent").environment).toEqual([
      ...entries,
      "FAIRWAY_FELL_BACK=no-agent",
    ]);
  });
});

test("the full executable has no descriptor of the launcher's", async () => {
  await withRig(async (rig) => {
    await asked(rig, says(declined), async () => {
      expect(expectFull(await rig.run(), "declined").files).toBe("0 1 2");
    });
  });
});

test.each([
  ["default", []],
  ["ignored", ["/bin/sh", "-c", "trap '' PIPE; exec \"$@\"", "sh"]],
])("SIGPIPE is %s in the full executable where it was before", async (action, through) => {
  await withRig(async (rig) => {
    await asked(rig, says(declined), async () => {
      expect(expectFull(await rig.run({ through }), "declined").sigpipe).toBe(action);
    });
  });
});

/** What the agent is never asked: it is the full executable's at once, and is counted for nothing. */
test.each([
  ["an operator's command", { HOME: "/root" }, ["status", "--json"]],
  ["an unknown verb", { CNI_COMMAND: "UPDATE" }, []],
  ["an empty verb", { CNI_COMMAND: "" }, []],
  ["a verb in other letters", { CNI_COMMAND: "add" }, []],
])("%s is the full executable's", async (_, variables, args) => {
  await withRig(async (rig) => {
    const requests = await asked(rig, says(accepted, final()), async () => {
      const full = expectFull(await rig.run({ environment: variables, args }), null);
      expect(full.environment).toEqual(
        Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      );
      expect(full.argv.slice(1)).toEqual(args);
      expect(full.stdin.equals(defaultStdin)).toBe(true);
    });
    expect(requests).toEqual([]);
  });
});

test("an environment that is larger than the agent takes is not sent", async () => {
  await withRig(async (rig) => {
    const large = { CNI_COMMAND: "ADD", CNI_ARGS: "a".repeat(65_536) };
    const requests = await asked(rig, says(accepted, final()), async () => {
      const full = expectFull(await rig.run({ environment: large }), "too-large");
      expect(full.environment).toContain(`CNI_ARGS=${large.CNI_ARGS}`);
      expect(full.stdin.equals(defaultStdin)).toBe(true);
    });
    expect(requests).toEqual([]);
  });
});

test("an environment with more entries than the launcher counts is passed on all the same", async () => {
  await withRig(async (rig) => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`V${n}`, "1"]));
    const ran = await rig.run({ environment: { CNI_COMMAND: "ADD", ...many } });
    expect(expectFull(ran, null).environment).toHaveLength(5001);
  });
});

test("a socket file that nobody listens on any more is no agent", async () => {
  await withRig(async (rig) => {
    const listener = Bun.spawn(
      [
        process.execPath,
        "-e",
        `Bun.listen({ unix: ${JSON.stringify(rig.socket)}, socket: { data() {} } }); console.log("ready")`,
      ],
      { stdout: "pipe" },
    );
    await listener.stdout.getReader().read();
    listener.kill("SIGKILL");
    await listener.exited;
    expectFull(await rig.run(), "no-agent");
  });
});

/** An agent in a process of its own, which is stopped: the kernel takes connections for it. */
async function withStoppedAgent(rig: Rig, use: () => Promise<void>): Promise<void> {
  const listener = Bun.spawn(
    [process.execPath, join(import.meta.dir, "fixtures/listen.ts"), rig.socket],
    { stdout: "pipe" },
  );
  try {
    await listener.stdout.getReader().read();
    listener.kill("SIGSTOP");
    await use();
  } finally {
    listener.kill("SIGKILL");
    await listener.exited;
  }
}

test("an agent that is stopped is not waited for, however much is sent to it", async () => {
  await withRig(
    async (rig) => {
      await withStoppedAgent(rig, async () => {
        const stdin = Buffer.alloc(1024 * 1024, "{");
        const full = expectFull(await rig.run({ stdin }), "timeout");
        expect(full.stdin.equals(stdin)).toBe(true);
      });
    },
    { build: "shipped" },
  );
});

/** Linux takes no more than net.core.somaxconn, which nobody has set to more. */
const mostWaiting = 10_000;

/** Connects until the kernel takes no more for this agent. */
async function fillQueue(path: string, waiting: Socket[]): Promise<void> {
  for (let n = 0; n < mostWaiting; n++) {
    const socket = createConnection(path);
    waiting.push(socket);
    const isRefused = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(false));
      socket.once("error", () => resolve(true));
    });
    if (isRefused) return;
  }
  throw new Error(`${mostWaiting} connections wait for an agent, and there is room for more`);
}

test("an agent whose queue is full is none", async () => {
  await withRig(
    async (rig) => {
      await withStoppedAgent(rig, async () => {
        const waiting: Socket[] = [];
        try {
          await fillQueue(rig.socket, waiting);
          expectFull(await rig.run(), "no-agent");
        } finally {
          for (const socket of waiting) socket.destroy();
        }
      });
    },
    { build: "shipped" },
  );
});

test("a launcher that is replaced while it runs finds the full executable", async () => {
  await withRig(async (rig) => {
    const ran = await rig.run({
      stdin: "pipe",
      meanwhile: async (child) => {
        writeFileSync(join(rig.folder, "new"), "");
        renameSync(join(rig.folder, "new"), join(rig.folder, "fairway"));
        child.stdin.write(defaultStdin);
        await child.stdin.end();
      },
    });
    expect(expectFull(ran, "no-agent").stdin.equals(defaultStdin)).toBe(true);
  });
});

test.each([
  ["is empty", ""],
  ["has a path that is not absolute", "agent.sock\n"],
  ["has a line without words", "\n/run/agent.sock\n"],
])("a file agent.socket-path that %s leads to no agent", async (_, text) => {
  await withRig(async (rig) => {
    writeFileSync(join(rig.folder, "agent.socket-path"), text);
    expectFull(await rig.run(), "launcher");
  });
});

test("a path that is too long for a socket leads to no agent", async () => {
  await withRig(async (rig) => {
    writeFileSync(join(rig.folder, "agent.socket-path"), `/${"a".repeat(300)}\n`);
    expectFull(await rig.run(), "no-agent");
  });
});

test("a file agent.socket-path that cannot be read leads to no agent", async () => {
  await withRig(async (rig) => {
    rmSync(join(rig.folder, "agent.socket-path"));
    mkdirSync(join(rig.folder, "agent.socket-path"));
    expectFull(await rig.run(), "launcher");
  });
});

/** An executable of this host whose loader is called otherwise. */
function forAnotherLibc(full: string): void {
  const bytes = readFileSync("/bin/true");
  bytes.write("/lib64/ld-nowhere", bytes.indexOf("/lib64/ld-linux"));
  writeFileSync(full, bytes, { mode: 0o755 });
}

const spoilers: [string, string, (full: string, launcher: string) => void][] = [
  ["is missing", "No such file or directory", () => {}],
  ["is for another libc", "it was built for another libc", forAnotherLibc],
  ["is damaged", "or is damaged", (full) => writeFileSync(full, "\x7fELF", { mode: 0o755 })],
  ["may not be executed", "Permission denied", (full) => writeFileSync(full, "", { mode: 0o600 })],
  ["is a link to the launcher", "is the launcher itself", (full) => symlinkSync("fairway", full)],
  ["is the launcher", "is the launcher itself", (full, launcher) => linkSync(launcher, full)],
  [
    "is a copy of the launcher",
    "is the launcher itself",
    (full, launcher) => copyFileSync(launcher, full),
  ],
];

test.each(spoilers)("a full executable that %s", async (_, why, spoil) => {
  await withRig(async (rig) => {
    const full = join(rig.folder, "fairway-full");
    rmSync(full);
    spoil(full, join(rig.folder, "fairway"));

    const verb = await rig.run();
    expect({ exit: verb.exit, stderr: verb.stderr }).toEqual({ exit: 1, stderr: "" });
    expect(JSON.parse(verb.stdout.toString())).toEqual({
      cniVersion: "1.0.0",
      code: 5,
      msg: expect.stringMatching(
        new RegExp(`^no fallback: the full executable ${full} cannot .*${why}$`),
      ),
      details: expect.stringContaining("install Fairway again"),
    });

    const status = await rig.run({ environment: { CNI_COMMAND: "STATUS" } });
    expect(JSON.parse(status.stdout.toString())).toMatchObject({ code: 50 });

    const command = await rig.run({ environment: {}, args: ["status"] });
    expect({ exit: command.exit, stdout: command.stdout.toString() }).toEqual({
      exit: 1,
      stdout: "",
    });
    expect(command.stderr).toContain(why);
    expect(command.stderr).not.toContain("no fallback");
  });
});

test("a terminal has no configuration, and the full executable says so", async () => {
  await withRig(async (rig) => {
    const full = expectFull(
      await rig.run({
        stdin: openSync("/dev/ptmx", "r+"),
        environment: { CNI_COMMAND: "VERSION" },
      }),
      "launcher",
    );
    expect(full.files).toBe("0 1 2");
  });
});
