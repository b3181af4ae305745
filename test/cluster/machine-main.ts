/** Boots one machine, says so and waits: to be killed by a test, which looks at what is left. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machineOf } from "./machine/machine.ts";
import { addresses, stemOf } from "./names.ts";
import { makeWire } from "./wire.ts";

const stem = stemOf(process.pid);
const scratch = join(tmpdir(), `${stem}-disks`);
mkdirSync(scratch);
makeWire(`${stem}-wire`);
const machine = machineOf({
  ...{ name: "node1", stem, wire: `${stem}-wire`, address: addresses.node(1), routes: [] },
  ...{ disk: join(scratch, "node1"), logs: join(scratch, "logs"), path: [] },
});
await machine.boot();
await machine.start({ name: "sleep", argv: ["sleep", "1000"] });
console.log(machine.isRunning("sleep") ? "up" : "the part does not run");
setInterval(() => {}, 1000);
