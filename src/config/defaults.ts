import type { LogConfig, Reserve } from "./types.ts";

/** What a configuration that leaves a key out gets. The schema's descriptions quote these. */
export const defaults = {
  bridge: "fw0",
  ipMasq: false,
  antiSpoof: true,
  /** The percentage is of each direction's capacity. */
  reserve: { kind: "percent", percent: 5 } satisfies Reserve,
  overcommit: "reject",
  policeHost: true,
  dataDir: "/var/lib/fairway",
  log: { file: null, level: "info" } satisfies LogConfig,
} as const;
