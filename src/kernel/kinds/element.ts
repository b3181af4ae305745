import { setForm } from "../set-keys.ts";
import { dumpFrom, type KernelKind } from "./kind.ts";

export const element: KernelKind<"element"> = {
  observe: (look, want) => look.element(want),
  preload: (look, wanted) => {
    for (const [set, { length }] of Map.groupBy(wanted, (each) => each.set))
      if (length >= dumpFrom || setForm(set).isInterval) look.loadSet(set);
  },
  message: (op, object) => ({ isGone: op === "delete", element: object }),
};
