import { version, versionAndBuild } from "../build.ts";

export { version, versionAndBuild };

/**
 * Says in one line what Fairway is. Every build carries this text, and `install` knows a Fairway by it
 * (install/executable.ts).
 */
export const description =
  "promised shares of a node's network for Kubernetes pods (a CNI plugin; see README)";
