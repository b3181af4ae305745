import { act, fields, type Kind, upDown } from "./kind.ts";

/** A device of ours. It hands on what is redirected to it, through the tree that it holds. */
export interface Ifb {
  kind: "ifb";
  name: string;
  mac: string;
  up: boolean;
}

export const ifb: Kind<Ifb, "make" | "set" | "remove"> = {
  key: ({ name }) => `ifb ${name}`,
  title: ({ name }) => `IFB ${name}`,
  differ: fields("up"),
  acts: (op, { name, mac, up }) => {
    if (op === "delete") return [act("ip", `link del dev ${name}`, "remove")];
    const settings = act("ip", `link set dev ${name} ${upDown(up)}`, "set" as const);
    // An IFB accepts a MAC when it is made, and not later.
    const make = act("ip", `link add name ${name} address ${mac} type ifb`, "make" as const);
    return op === "create" ? [make, settings] : [settings];
  },
};
