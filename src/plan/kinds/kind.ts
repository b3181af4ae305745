/**
 * What is known of a kind of kernel object. Each kind has one file here, which says how its objects behave
 * and which lines of the tools make them, and one in src/kernel/kinds, which observes them and has a message
 * for each of those lines.
 */
import type { Family } from "../ip.ts";
import { sysctlName } from "../names.ts";

/** null means the node's own network namespace; otherwise it is the path of a pod's namespace. */
export type Netns = string | null;

export type Op = "create" | "change" | "delete";

export interface Line {
  tool: "ip" | "tc" | "nft" | "sysctl";
  netns: Netns;
  /** One command of the tool, without the tool's name. An nft line may be a script of several. */
  text: string;
}

/**
 * A line, and what it does, in the words of its kind. The message that does the same is made of these words,
 * so each line has one. null means that it has none: the line itself is carried out.
 */
export interface Act<Does> {
  line: Line;
  does: Does | null;
}

/**
 * An interface that is given its routes by the kernel: those that come with one address, those of one family,
 * or all.
 */
interface Brought {
  netns: Netns;
  dev: string;
  cidr?: string;
  family?: Family;
}

export interface Kind<O, Does> {
  /** Two objects with the same key are the same thing, perhaps with different settings. */
  key: (object: O) => string;
  /** The object's name as a person reads it. */
  title: (object: O) => string;
  /** The keys of all objects that the kernel deletes this one with. */
  containers?: (object: O) => string[];
  /** Further keys under which others name this object as their container. */
  containerKeys?: (object: O) => string[];
  /** The key of the object that is made before this one, and not deleted while this one is there. */
  above?: (object: O) => string;
  /** The place among objects of this kind in the order of making. */
  depth?: (object: O) => number;
  /**
   * The differences in words. The list is empty when there are none. Fields that are absent were not asked
   * for.
   */
  differ: (want: O, have: O) => string[];
  /**
   * Whether settings that differ are changed by no command in place. Then the object is deleted and made
   * again.
   */
  isReplaced?: (want: O, have: O) => boolean;
  /** Whether what is there is not to be changed into what is wanted, which is created in its place. */
  isSupplanted?: (want: O, have: O) => boolean;
  /** Whether it belongs to somebody else, so that no step touches it. */
  isForeign?: (object: O) => boolean;
  /** Whether no step deletes the object, as settings that others may rely on by now. */
  stays?: (object: O) => boolean;
  /** Whether it is deleted just before others come in its place, and not before everything else. */
  isDeletedInPlace?: boolean;
  /** Whether an observed object can be made again, once it was deleted or changed. */
  canBeMade?: (object: O) => boolean;
  /** The interface that the kernel gives routes when the object is made or changed so. */
  brings?: (want: O, have: O | null) => Brought | null;
  /** Whether the kernel makes the object by itself with what is brought. */
  isBrought?: (object: O, by: Brought) => boolean;
  /** The lines of an operation, in their order. `have` is what a change finds. */
  acts: (op: Op, object: O, have: O | null) => Act<Does>[];
}

export const always = (): boolean => true;

export const act = <Does>(
  tool: Line["tool"],
  text: string,
  does: Does | null,
  netns: Netns = null,
): Act<Does> => ({ line: { tool, netns, text }, does });

/** A setting is a file, which is written without a tool. */
export const setting = (path: string, value: string, netns: Netns = null): Act<never> =>
  act<never>("sysctl", `${sysctlName(path)}=${value}`, null, netns);

export const upDown = (value: boolean): string => (value ? "up" : "down");

export const where = (netns: Netns): string => netns ?? "node";

/** The key under which an interface contains what it takes along. */
export const interfaceKey = (netns: Netns, dev: string): string =>
  netns === null ? `bridge ${dev}` : `end ${netns} ${dev}`;

const shown = (value: unknown): string => (value === null ? "none" : String(value));

export const difference = (name: string, want: unknown, have: unknown): string[] =>
  want === have ? [] : [`${name} is ${shown(have)}, should be ${shown(want)}`];

/** Two objects differ in these fields and no others. */
export const fields =
  <O>(...names: (keyof O & string)[]) =>
  (want: O, have: O): string[] =>
    names.flatMap((name) => difference(name, want[name], have[name]));
