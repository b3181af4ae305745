/**
 * An acceptance that comes about when the launcher gives up: either the launcher sees it, or the agent is told
 * that it may not begin. strace holds the launcher at one of its questions to the kernel.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { until } from "../support/until.ts";
import { accepted, final, listen, says } from "./agent.ts";
import { type Ran, type Rig, withRig } from "./rig.ts";

/** The launcher is held for so long that what the test does meanwhile is done, on a slow machine, too. */
const heldUs = 3_000_000;

const held = (call: string, where: "enter" | "exit", us = heldUs): string[] => [
  "strace",
  ...["-qq", "-e", `trace=${call}`, "-e", `inject=${call}:delay_${where}=${us}:when=1`],
  ...["-o", "/dev/null"],
];

/** The process that strace holds: it is strace's only child. */
function launcherOf(strace: number): number {
  return Number(readFileSync(`/proc/${strace}/task/${strace}/children`, "utf8").trim());
}

/** Whether a debugger holds it, as strace does for as long as it delays. */
function isHeld(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("t");
}

/** Seen twice, since strace holds what it looks at for a moment each time. */
async function untilHeld(strace: number): Promise<void> {
  await until("the launcher is held", async () => {
    const pid = launcherOf(strace);
    if (!isHeld(pid)) return false;
    await Bun.sleep(100);
    return isHeld(pid);
  });
}

/** The agent writes its acceptance while the launcher is held. Returns what the agent was told of that. */
async function acceptedLate(
  rig: Rig,
  verb: string,
  where: "enter" | "exit",
): Promise<{ ran: Ran; error: string | undefined }> {
  let connection: Socket | undefined;
  let error: string | undefined;
  const agent = await listen(rig.socket, {
    asked: (socket) => {
      connection = socket;
      socket.on("error", (failure: NodeJS.ErrnoException) => {
        error = failure.code;
      });
    },
  });
  try {
    const ran = await rig.run({
      environment: { CNI_COMMAND: verb },
      through: held("shutdown", where),
      meanwhile: async (child) => {
        await untilHeld(child.pid);
        connection?.write(accepted);
      },
    });
    return { ran, error };
  } finally {
    await agent.stop();
  }
}

const shipped = { build: "shipped" } as const;

test("an acceptance before the door is shut is seen: an ADD is not begun again", async () => {
  await withRig(async (rig) => {
    const { ran } = await acceptedLate(rig, "ADD", "enter");
    expect(ran.full).toBeNull();
    expect(JSON.parse(ran.stdout.toString()).code).toBe(11);
  }, shipped);
});

test("an acceptance before the door is shut is seen: a DEL is done again", async () => {
  await withRig(async (rig) => {
    const { ran } = await acceptedLate(rig, "DEL", "enter");
    expect(ran.full?.reason).toBe("broken");
  }, shipped);
});

test("an acceptance after the door is shut is refused to the agent", async () => {
  await withRig(async (rig) => {
    const { ran, error } = await acceptedLate(rig, "ADD", "exit");
    expect(ran.full?.reason).toBe("timeout");
    expect(error).toBe("EPIPE");
  }, shipped);
});

/** It is held from its request until after its deadline, and the agent answers meanwhile. */
test("what came while the launcher was not let run counts, however late it is", async () => {
  await withRig(async (rig) => {
    const agent = await listen(rig.socket, says(accepted, final({ stdout: "{}" })));
    try {
      const ran = await rig.run({ through: held("poll", "enter", 500_000) });
      expect({ exit: ran.exit, stdout: ran.stdout.toString() }).toEqual({ exit: 0, stdout: "{}" });
    } finally {
      await agent.stop();
    }
  }, shipped);
});
