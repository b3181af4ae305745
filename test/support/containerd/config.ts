/** containerd's configuration: all that it writes or looks for is in folders of ours. */
import { pauseImage } from "./pause-image.ts";

export interface Places {
  socket: string;
  confDir: string;
  binDir: string;
}

/** Copies an image's files: works on whatever file system there is, and the pause image is 129 bytes. */
export const snapshotter = "native";

/** In the namespaces' own /var/lib and /run, see host.ts. */
const root = "/var/lib/containerd";
const state = "/run/containerd";

const quoted = (text: string): string => JSON.stringify(text);

/**
 * restrict_oom_score_adj: without CAP_SYS_RESOURCE runc could not lower it, and would not start.
 * disable_apparmor: loading a profile would change the machine.
 */
const restrictions = "restrict_oom_score_adj = true\ndisable_apparmor = true";

export function containerdConfig(
  version: 2 | 3,
  { socket, confDir, binDir }: Places,
  runc: string,
  snapshots = snapshotter,
): string {
  const cri = version === 2 ? "io.containerd.grpc.v1.cri" : "io.containerd.cri.v1.runtime";
  const images =
    version === 2
      ? `[plugins."${cri}"]
sandbox_image = ${quoted(pauseImage)}
${restrictions}
[plugins."${cri}".containerd]
snapshotter = ${quoted(snapshots)}`
      : `[plugins."io.containerd.cri.v1.images"]
snapshotter = ${quoted(snapshots)}
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = ${quoted(pauseImage)}
[plugins."${cri}"]
${restrictions}`;
  // The opt plugin would make /opt/containerd.
  return `version = ${version}
root = ${quoted(root)}
state = ${quoted(state)}
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = ${quoted(socket)}
${images}
[plugins."${cri}".cni]
${version === 2 ? `bin_dir = ${quoted(binDir)}` : `bin_dirs = [${quoted(binDir)}]`}
conf_dir = ${quoted(confDir)}
[plugins."${cri}".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."${cri}".containerd.runtimes.runc.options]
BinaryName = ${quoted(runc)}
`;
}
