/**
 * In a container /proc/sys is a mount of its own, which is read-only unless the container may do everything. An
 * agent needs few of the rights of such a container, so it gets those, and makes this one mount writable.
 */
import { accessSync, constants, readlinkSync } from "node:fs";
import { effect } from "../../effect.ts";
import { callsOf, errno, ptr, reasonOf } from "../../kernel/netlink/libc.ts";

const settings = "/proc/sys";
/** One that is there wherever there is a network. */
const anySetting = `${settings}/net/ipv4/ip_forward`;

/** linux/mount.h. What the runtime set otherwise on it stays set. */
const MS_NOSUID = 0x2;
const MS_NODEV = 0x4;
const MS_NOEXEC = 0x8;
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_REMOUNT | MS_BIND;

const signatures = {
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
} as const;

function isReadOnly(): boolean {
  try {
    accessSync(anySetting, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}

/** What is mounted in the node's own namespace is not ours to change. */
function hasMountsOfItsOwn(): boolean {
  try {
    return readlinkSync("/proc/1/ns/mnt") !== readlinkSync("/proc/self/ns/mnt");
  } catch {
    return false;
  }
}

/** In words why settings cannot be written; null means that they can, or that this is no container. */
export function letSettingsBeWritten(): string | null {
  if (!isReadOnly() || !hasMountsOfItsOwn()) return null;
  const path = ptr(new TextEncoder().encode(`${settings}\0`));
  const { mount } = callsOf(signatures);
  if (effect("file", "remount /proc/sys", () => mount(null, path, null, flags, null)) === 0)
    return null;
  return `${settings} is read-only in this container, and cannot be remounted (${reasonOf(errno())}): verbs that have to change a setting fail. The container needs CAP_SYS_ADMIN, and no AppArmor or SELinux profile that forbids mounts`;
}
