/** What the kernel is asked and told about a kind of object (src/plan/kinds). */
import type { DoesOf, ObjectKind, ObjectOf } from "../../plan/kinds/registry.ts";
import type { Look } from "../look.ts";
import type { Request } from "../write/request.ts";
import type { TableChange } from "../write/transaction.ts";

export type Message = Request | TableChange;

export interface KernelKind<K extends ObjectKind> {
  /** The observed counterpart. null means that it is absent. Throws where the kernel cannot tell. */
  observe: (look: Look, want: ObjectOf<K>) => ObjectOf<K> | null;
  /** Reads at once what is asked for many times. */
  preload?: (look: Look, wanted: ObjectOf<K>[]) => void;
  /**
   * The message that does the same as a line. null means that there is none, and the line itself is carried
   * out.
   */
  message: (does: DoesOf<K>, object: ObjectOf<K>) => Message | null;
  /** A port that has to pass frames on before any of the lines. */
  awaits?: (object: ObjectOf<K>) => string;
}

/** For a kind that has no words for any of its lines. */
export const noMessage = (does: never): never => does;

/** From this number of classes of a device, or of elements, one dump is cheaper than a request for each. */
export const dumpFrom = 8;
