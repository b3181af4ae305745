import { sysctlName } from "../names.ts";
import { always, fields, type Kind, setting } from "./kind.ts";

export interface Sysctl {
  kind: "sysctl";
  /** The path below /proc/sys: "net/ipv4/ip_forward". */
  path: string;
  value: string;
}

export const sysctl: Kind<Sysctl, never> = {
  key: ({ path }) => `sysctl ${path}`,
  title: ({ path }) => `sysctl ${sysctlName(path)}`,
  containers: ({ path }) => {
    const [, dev] = /\/conf\/([^/]+)\//.exec(path) ?? [];
    return dev === undefined ? [] : [`bridge ${dev}`];
  },
  differ: fields("value"),
  stays: always,
  // Others may rely on the setting by now, so it is never taken back.
  acts: (op, { path, value }) => (op === "delete" ? [] : [setting(path, value)]),
};
