/** The settings that pods' connections need. An ADD sets them; something else may set them back. */
import { readSysctl } from "../../kernel/read/sysctl.ts";
import { liveNetworks } from "../../node/base.ts";
import { error, type Finding, ok, type Patient } from "./finding.ts";

interface Setting {
  path: string;
  /** What does not work without it. */
  without: string;
  /** null: every kernel has it. */
  module: string | null;
}

const settings: Setting[] = [
  { path: "net/ipv4/ip_forward", without: "pods reach nothing beyond the node", module: null },
  ...["iptables", "ip6tables"].map((tables) => ({
    path: `net/bridge/bridge-nf-call-${tables}`,
    without: "a service that leads back to a pod on the same node does not answer",
    module: "br_netfilter",
  })),
];

/** `live`: an ADD has set them since this boot. */
export function judgeSysctl(setting: Setting, value: string | null, live: boolean): Finding {
  const { path, without, module } = setting;
  const name = path.replaceAll("/", ".");
  const id = `sysctl.${name}`;
  if (value === "1") return ok(id, "1");
  if (value === null)
    return error(
      id,
      `there is no such setting: ${without}`,
      module === null ? "mount /proc" : `modprobe ${module}, and load it at boot`,
    );
  if (!live) return ok(id, `${value}: the first ADD sets it to 1`);
  return error(
    id,
    `${value}: ${without}`,
    `sysctl -w ${name}=1, and find out what sets it back (/etc/sysctl.d)`,
  );
}

export function sysctls({ ledger }: Patient): Finding[] {
  const live = ledger !== null && liveNetworks(ledger).length > 0;
  return settings.map((setting) => judgeSysctl(setting, readSysctl(setting.path), live));
}
