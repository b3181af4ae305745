import { always, fields, interfaceKey, type Kind, type Netns, setting, where } from "./kind.ts";

/**
 * With this value of accept_ra an interface accepts advertisements whether the node forwards or not
 * (Documentation/networking/ip-sysctl.rst).
 */
export const acceptRaForwarding = "2";

export const ipv6SettingNames = ["accept_dad", "accept_ra", "disable_ipv6"] as const;

/** A setting of one interface for IPv6 (net.ipv6.conf.DEV.NAME). */
export interface Ipv6Setting {
  kind: "ipv6setting";
  netns: Netns;
  dev: string;
  name: (typeof ipv6SettingNames)[number];
  value: string;
}

/** The setting's path below /proc/sys. */
export const ipv6Path = ({ dev, name }: Pick<Ipv6Setting, "dev" | "name">): string =>
  `net/ipv6/conf/${dev}/${name}`;

export const ipv6setting: Kind<Ipv6Setting, never> = {
  key: ({ netns, dev, name }) => `ipv6setting ${where(netns)} ${dev} ${name}`,
  title: ({ name, dev }) => `IPv6 setting ${name} of ${dev}`,
  containers: ({ netns, dev }) => [interfaceKey(netns, dev)],
  differ: fields("value"),
  stays: always,
  brings: ({ netns, dev, name }) => (name === "disable_ipv6" ? { netns, dev, family: 6 } : null),
  acts: (op, object) =>
    op === "delete" ? [] : [setting(ipv6Path(object), object.value, object.netns)],
};
