/** Loaded before Fairway's sources, it makes them another version than the built one. */
import { plugin } from "bun";
import { repository } from "./binary.ts";

const otherVersion = "0.0.9";

plugin({
  name: "other version",
  setup: (build) =>
    void build.onLoad({ filter: /\/package\.json$/ }, ({ path }) =>
      path === `${repository}/package.json`
        ? {
            exports: { version: otherVersion, default: { version: otherVersion } },
            loader: "object",
          }
        : undefined,
    ),
});
