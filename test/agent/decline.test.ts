import { expect, test } from "bun:test";
import { declinedFor } from "../../src/agent/decline.ts";

const own = { name: "pods", type: "fairway", ipam: { subnet: "198.19.1.0/24" } };

const rows: [
  title: string,
  env: Record<string, string>,
  config: object | null,
  says: RegExp | null,
][] = [
  ["addresses of our own", {}, own, null],
  ["the IPAM plugin that we are", {}, { ...own, ipam: { type: "fairway-ipam" } }, null],
  ["no addresses, in a chain", {}, { name: "pods" }, null],
  ["nothing that can be read", {}, null, null],
  ["another IPAM plugin", {}, { ...own, ipam: { type: "host-local" } }, /"host-local" gives/],
  ["a trace", { FAIRWAY_TRACE: "1" }, own, /^FAIRWAY_TRACE is set/],
  ["the tools", { FAIRWAY_BACKEND: "exec" }, own, /^FAIRWAY_BACKEND is set/],
  ["a fault of a test", { FAIRWAY_FAULT_AT: "3" }, null, /^FAIRWAY_FAULT_AT is set/],
];

test.each(rows)("%s", (_, env, config, says) => {
  const call = { isIpam: false, env: { CNI_COMMAND: "ADD", ...env }, stdin: new Uint8Array() };
  const why = declinedFor(call, config as Record<string, unknown> | null);
  if (says === null) expect(why).toBeNull();
  else expect(why).toMatch(says);
});
