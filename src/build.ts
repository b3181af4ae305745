/** Says which build this is. */
import { version } from "../package.json";

/** These are given at build time. They are not defined in a checkout that runs without a build. */
declare const FAIRWAY_BUILD: string;
declare const FAIRWAY_TARGET: string;

/** It is a digest of what the build was made of (scripts/build-id.ts). null means that there was no build. */
export const buildId = typeof FAIRWAY_BUILD === "undefined" ? null : FAIRWAY_BUILD;

/** For which host it was made, such as "linux-x64-musl". */
export const target = typeof FAIRWAY_TARGET === "undefined" ? null : FAIRWAY_TARGET;

/** The version, and which build of it this is. */
export const versionAndBuild =
  buildId === null
    ? `${version} (no build: a checkout)`
    : `${version} (build ${buildId}, ${target})`;

export { version };
