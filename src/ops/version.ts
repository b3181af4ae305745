import { version } from "../../package.json";

export { version };

/** What it is in a line. Every build carries it, so that `install` knows its own kind (install/executable.ts). */
export const description =
  "promised shares of a node's network for Kubernetes pods (a CNI plugin; see README)";
