/** The kinds of effects (effect.ts). */
/** The kind tells what is done, and therefore in which ways it may fail. */
export type EffectKind =
  /** A statement that writes to the ledger. */
  | "ledger"
  /** One change of the kernel's state: a line of a tool's batch, or a setting below /proc/sys. */
  | "kernel"
  /** A question to the kernel. */
  | "look"
  /** Another program that is run to its end. */
  | "child"
  | "file";
