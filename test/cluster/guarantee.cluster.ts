/** A guarantee that is missed while there is demand is told to the pod, by a real API server. */
import { expect, test } from "bun:test";
import { addresses } from "../../src/prove/lab/wire.ts";
import { withTraffic } from "../support/traffic.ts";
import { withMember } from "./member-node.ts";
import { hasApiServer } from "./tools.ts";

const title = "a guarantee that is missed is told to the pod";
const forMs = 90_000;
const port = 7000;

test.skipIf(!hasApiServer)(
  hasApiServer ? title : `${title} (needs Go)`,
  () =>
    withMember((m) =>
      withTraffic(async (start) => {
        const guarantee = { "fairway.dev/egress-guarantee": "50M" };
        const [starved, kept] = [await m.pod("starved", guarantee), await m.pod("kept", guarantee)];
        const { run, lab } = m.node;
        // Somebody has made the first one's class narrow, and this agent is told to leave it.
        const line = run("tc", "class", "show", "dev", "uplink", "classid", "fa01:10");
        const parent = /parent (\S+)/.exec(line)?.[1] ?? "";
        const at = ["dev", "uplink", "parent", parent, "classid", "fa01:10"];
        run("tc", "class", "change", ...at, "htb", "rate", "5mbit", "ceil", "5mbit");
        await using _agent = await m.agent(["--repair", "observe", "--unmet-after", "10s"]);
        await start(lab.remote, { role: "tcp-sink", port, everyMs: 1_000, forMs });
        for (const { namespace } of [starved, kept])
          await start(namespace, {
            role: "tcp-source",
            host: addresses.remote,
            ...{ port, flows: 4, forMs },
          });
        const told = await m.untilEvent("starved", "GuaranteeNotMet");
        expect(told.type).toBe("Warning");
        expect(told.note).toContain("less than the 50M of egress that are guaranteed");
        expect(told.note).toContain("for 10s or longer");
        console.log(await m.server.kubectl("describe", "pod", "starved"));
        const reasons = (await m.events("kept")).map(({ reason }) => reason);
        expect(reasons).toEqual(["BandwidthAssigned"]);
      }),
    ),
  180_000,
);
