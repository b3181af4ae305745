/** What scripts/test-cluster lays down in dist/test-tools: Kubernetes, containerd and what they call. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { toolsFolder } from "../support/reference.ts";

const kubernetes = join(toolsFolder, "kubernetes/k8s");
const containerdFolder = join(toolsFolder, "containerd-2");
const debian = join(toolsFolder, "debian");

export const runc = join(debian, "usr/sbin/runc");
export const loopback = join(debian, "usr/lib/cni/loopback");
export const busybox = join(debian, "bin/busybox");

/** First come, first served. */
export const path = [containerdFolder, join(containerdFolder, "client"), join(debian, "usr/sbin")];

/** Only etcd, the API server and kubectl are wanted. */
export const hasApiServer = existsSync(kubernetes);

export const hasCluster = [
  kubernetes,
  ...["containerd", "containerd-shim-runc-v2", "client/ctr"].map((name) =>
    join(containerdFolder, name),
  ),
  ...[runc, loopback, busybox],
].every(existsSync);

/** One executable is all of them. */
export const kubernetesPart = (name: string, ...args: string[]): string[] => [
  kubernetes,
  name,
  ...args,
];

/** Of the parts, kept for reading after a failure. */
export const logsFolder = join(repository, "dist/test-cluster");
