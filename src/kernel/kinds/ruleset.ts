import type { KernelKind } from "./kind.ts";

export const ruleset: KernelKind<"ruleset"> = {
  observe: (look, { table }) => look.tables.ruleset(table),
  message: (script) => script,
};
