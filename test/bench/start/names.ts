/** What the stages are called; the first is another program, which does nothing. */
export const stageVariable = "FAIRWAY_BENCH_STAGE";

export const stages = [
  { name: "runtime", does: "an empty compiled program" },
  { name: "modules", does: "the verbs' code is loaded" },
  { name: "stdin", does: "the configuration is read" },
  { name: "validation", does: "request and configuration are parsed and checked" },
  { name: "ledger", does: "the ledger is opened, and what is promised is read" },
  { name: "kernel", does: "a netlink socket, the uplink looked up, the promise settled" },
] as const;

export const untilHere = "from its start to its end";
export const wholeAdd = "a whole ADD";
