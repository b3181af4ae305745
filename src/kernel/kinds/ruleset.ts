import { type KernelKind, noMessage } from "./kind.ts";

export const ruleset: KernelKind<"ruleset"> = {
  observe: (look, { table }) => look.tables.ruleset(table),
  message: noMessage,
};
