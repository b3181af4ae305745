import { readSysctl } from "../read/sysctl.ts";
import { type KernelKind, noMessage } from "./kind.ts";

export const sysctl: KernelKind<"sysctl"> = {
  observe: (_, want) => {
    const value = readSysctl(want.path);
    return value === null ? null : { ...want, value };
  },
  message: noMessage,
};
