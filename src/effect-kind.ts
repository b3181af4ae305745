/** Of what kinds the effects are (effect.ts). */
/** What is done, which says in what ways it may fail. */
export type EffectKind =
  /** A statement of the ledger that writes. */
  | "ledger"
  /** A line of a tool's batch, a setting below /proc/sys: one change of the kernel's state. */
  | "kernel"
  /** A question to the kernel. */
  | "look"
  /** Another program, run to its end. */
  | "child"
  | "file";
