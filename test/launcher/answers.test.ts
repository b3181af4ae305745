/** Each case of what an agent does, on both processors, under gcc's sanitizers and under valgrind. */
import { expect, test } from "bun:test";
import { listen } from "./agent.ts";
import { type Case, cases } from "./cases.ts";
import { defaultStdin, missingFor, type Ran, type Way, ways, withRig } from "./rig.ts";

function judge(ran: Ran, expected: Case["expected"]): void {
  expect(ran.complaints).toBe("");
  expect(ran.signal).toBeNull();
  if (expected.by === "full") {
    expect({ stdout: ran.stdout.toString(), stderr: ran.stderr, exit: ran.exit }).toEqual({
      stdout: "the full executable ran",
      stderr: "",
      exit: 7,
    });
    expect(ran.full?.reason).toBe(expected.reason);
    expect(ran.full?.stdin.equals(defaultStdin)).toBe(true);
    return;
  }
  expect(ran.full).toBeNull();
  if (expected.by === "agent") {
    const { exit = 0, stdout = "", stderr = "" } = expected;
    expect({ stderr: ran.stderr, exit: ran.exit }).toEqual({ stderr, exit });
    expect(ran.stdout.equals(Buffer.from(stdout))).toBe(true);
    return;
  }
  expect({ stderr: ran.stderr, exit: ran.exit }).toEqual({ stderr: "", exit: 1 });
  expect(JSON.parse(ran.stdout.toString())).toEqual({
    cniVersion: "1.0.0",
    code: 11,
    msg: expect.stringContaining(expected.message),
    details: expect.stringContaining("DEL"),
  });
}

async function play(way: Way, { agent: script, build, verb, expected }: Case): Promise<void> {
  await withRig(
    async (rig) => {
      const agent = await listen(rig.socket, script);
      try {
        judge(await rig.run({ environment: { CNI_COMMAND: verb ?? "ADD" } }), expected);
        expect(agent.requests).toHaveLength(1);
      } finally {
        await agent.stop();
      }
    },
    { way, ...(build !== undefined && { build }) },
  );
}

for (const way of ways) {
  const missing = missingFor(way);
  test.skipIf(missing !== null).each(cases.map((one) => [one.title, one] as const))(
    `${way.name}: the agent %s${missing === null ? "" : ` (${missing})`}`,
    async (_, one) => {
      await play(way, one);
    },
  );
}
