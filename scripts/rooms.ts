/**
 * What each folder of src may import: the one list, of which biome.json's rules are made. With `--check`
 * it only says whether they are as the list says.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Room {
  /** Other folders of src. */
  rooms: readonly string[];
  /** Files that lie in src itself. */
  files: readonly string[];
  /** Packages and the runtime's own modules. */
  packages: readonly string[];
  /** How deep its folders go below it. */
  depth: number;
}

/** As in "node:fs" and "node:timers/promises". */
const nodes = ["node:*", "node:*/*"];
const everyones = ["errors.ts", "effect.ts", "journal.ts", "paths.ts", "patience.ts", "trace.ts"];

export const rooms: Readonly<Record<string, Room>> = {
  plan: { rooms: [], files: [], packages: [], depth: 1 },
  measure: { rooms: ["plan"], files: [], packages: [], depth: 0 },
  config: { rooms: ["plan"], files: ["errors.ts"], packages: ["ip-num"], depth: 1 },
  promise: { rooms: ["config", "plan"], files: ["errors.ts"], packages: [], depth: 0 },
  chain: {
    rooms: ["config"],
    files: [...everyones, "new-file.ts"],
    packages: [...nodes],
    depth: 0,
  },
  grpc: {
    rooms: [],
    files: ["effect.ts", "errors.ts", "paths.ts"],
    packages: ["@grpc/grpc-js", "protobufjs", ...nodes],
    depth: 1,
  },
  cri: { rooms: ["grpc"], files: ["errors.ts"], packages: [], depth: 0 },
  ledger: {
    rooms: ["config", "plan"],
    files: everyones,
    packages: ["bun:sqlite", ...nodes],
    depth: 1,
  },
  kernel: { rooms: ["plan"], files: everyones, packages: ["bun:ffi", ...nodes], depth: 2 },
  node: {
    rooms: ["config", "kernel", "ledger", "measure", "plan", "promise"],
    files: [...everyones, "../package.json"],
    packages: ["bun:sqlite", ...nodes],
    depth: 1,
  },
  cni: {
    rooms: ["config", "node", "plan", "promise"],
    files: [...everyones, "tell.ts"],
    packages: [...nodes, "pino"],
    depth: 1,
  },
  admission: {
    rooms: ["config", "kube", "plan", "promise"],
    files: ["errors.ts", "tell.ts"],
    packages: ["bun", ...nodes],
    depth: 1,
  },
  kube: { rooms: [], files: ["errors.ts"], packages: [...nodes], depth: 0 },
  dra: {
    rooms: ["config", "grpc", "kube", "ledger", "plan", "promise"],
    files: [...everyones],
    packages: [...nodes],
    depth: 0,
  },
  cluster: {
    rooms: [
      "cni",
      "config",
      "dra",
      "kernel",
      "kube",
      "ledger",
      "measure",
      "node",
      "plan",
      "promise",
    ],
    files: [...everyones, "new-file.ts", "tell.ts", "waker.ts"],
    packages: [...nodes],
    depth: 0,
  },
  metrics: {
    rooms: ["cni", "kernel", "kube", "ledger", "measure", "node", "plan", "promise"],
    files: [...everyones, "build.ts", "tell.ts"],
    packages: ["bun", "prom-client", ...nodes],
    depth: 0,
  },
  ui: {
    rooms: ["measure", "metrics", "plan"],
    files: ["errors.ts"],
    packages: [],
    depth: 1,
  },
  agent: {
    rooms: [
      "chain",
      "cluster",
      "cni",
      "config",
      "dra",
      "grpc",
      "kernel",
      "kube",
      "ledger",
      "metrics",
      "node",
      "plan",
      "promise",
      "ui",
    ],
    files: [...everyones, "build.ts", "waker.ts", "tell.ts"],
    packages: ["bun", ...nodes],
    depth: 0,
  },
  ops: {
    rooms: [
      "admission",
      "agent",
      "chain",
      "cluster",
      "cni",
      "config",
      "cri",
      "kernel",
      "kube",
      "ledger",
      "measure",
      "metrics",
      "node",
      "plan",
      "promise",
    ],
    files: [...everyones, "build.ts", "new-file.ts", "../THIRD-PARTY-NOTICES.txt"],
    packages: ["bun:sqlite", "commander", "execa", ...nodes],
    depth: 1,
  },
  prove: {
    rooms: ["config", "kernel", "ops", "plan", "promise"],
    files: ["errors.ts"],
    packages: ["bun", "commander", "execa", ...nodes],
    depth: 2,
  },
};

/** They decide: the same arguments give the same result, at once. */
export const pureRooms = ["plan", "promise", "measure"] as const;

const denied = {
  process: "take the environment as arguments",
  Bun: "they do no I/O",
  console: "they do no I/O",
  fetch: "they do no I/O",
  Worker: "they do no I/O",
  Date: "they have no clock: take the time as an argument",
  performance: "they have no clock: take the time as an argument",
  crypto: "they have no chance in them: take the number as an argument",
  Promise: "they are synchronous",
  queueMicrotask: "they are synchronous",
  setImmediate: "they are synchronous",
  setInterval: "they are synchronous",
  setTimeout: "they are synchronous",
};

const up = (levels: number): string => "../".repeat(levels);

/**
 * Biome matches the text of an import as .gitignore does: the last pattern that matches decides. So all is
 * refused first, then what is below the room is let in again, and then what is on the list.
 */
function allowed({ rooms: others, files, packages }: Room, level: number): string[] {
  const toSrc = up(level + 1);
  const within = Array.from({ length: level }, (_, at) => `!${up(at + 1)}**`);
  return [
    "**",
    "!./**",
    ...within,
    ...(level === 0 ? [] : [`${toSrc}**`]),
    ...others.map((room) => `!${toSrc}${room}/**`),
    ...files.map((file) => `!${toSrc}${file}`),
    ...packages.map((name) => `!${name}`),
  ];
}

function overridesOf(name: string, room: Room): unknown[] {
  return Array.from({ length: room.depth + 1 }, (_, level) => ({
    includes: [`src/${name}/${"*/".repeat(level)}*.ts`],
    linter: {
      rules: {
        style: {
          noRestrictedImports: {
            level: "error",
            options: {
              patterns: [
                {
                  group: allowed(room, level),
                  message: `src/${name} may import what scripts/rooms.ts lists for it, and nothing else.`,
                },
              ],
            },
          },
        },
      },
    },
  }));
}

const pure = {
  includes: pureRooms.map((name) => `src/${name}/**`),
  plugins: ["./conf/lint/pure.grit"],
  linter: {
    rules: {
      style: {
        noRestrictedGlobals: {
          level: "error",
          options: {
            deniedGlobals: Object.fromEntries(
              Object.entries(denied).map(([name, why]) => [
                name,
                `${pureRooms.join(", ")} decide purely: ${why}.`,
              ]),
            ),
          },
        },
      },
    },
  },
};

export const overrides = (): unknown[] => [
  ...Object.entries(rooms).flatMap(([name, room]) => overridesOf(name, room)),
  pure,
];

if (import.meta.main) {
  const path = join(import.meta.dir, "../biome.json");
  const before = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const after = { ...before, overrides: overrides() };
  if (!process.argv.includes("--check")) writeFileSync(path, `${JSON.stringify(after, null, 2)}\n`);
  else if (!Bun.deepEquals(before, after)) {
    console.error("biome.json is not what scripts/rooms.ts says: run `npm run rooms`");
    process.exitCode = 1;
  }
}
