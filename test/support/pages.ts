/** Tables of the project's pages, for tests that hold a page to the code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./binary.ts";

export interface Table {
  /** The last line of text above it. */
  above: string;
  header: string[];
  rows: string[][];
}

const cellsOf = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

export function tablesOf(markdown: string): Table[] {
  const lines = markdown.split("\n");
  const tables: Table[] = [];
  let above = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (!line.startsWith("|")) {
      if (line.trim() !== "") above = line;
      continue;
    }
    let end = at;
    while (lines[end]?.startsWith("|")) end++;
    const [header = [], , ...rows] = lines.slice(at, end).map(cellsOf);
    tables.push({ above, header, rows });
    at = end - 1;
  }
  return tables;
}

/** The names that stand in a cell: "`ledger.folder`, `.file`" are `ledger.folder` and `ledger.file`. */
export function namesIn(cell: string): string[] {
  let group = "";
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => {
    const full = name.startsWith(".") ? `${group}${name}` : name;
    group = full.slice(0, Math.max(0, full.lastIndexOf(".")));
    return full;
  });
}

export const pageText = (path: string): string => readFileSync(join(repository, path), "utf8");

/** Of all members of a union. */
type Keys<T> = T extends unknown ? keyof T & string : never;
type At<T, K extends string> = T extends unknown ? (K extends keyof T ? T[K] : never) : never;

type Below<Path extends string, V, Told> = [V] extends [object]
  ? [V] extends [Told]
    ? never
    : `${Path}.${Paths<V, Told>}`
  : never;

type PathsOf<K extends string, V, Told> = [V] extends [readonly (infer Each)[]]
  ? `${K}[]` | Below<`${K}[]`, Each, Told>
  : K | Below<K, V, Told>;

/** All keys below T, as a page writes them: "trees[].dev". */
type Paths<T, Told> = { [K in Keys<T>]: PathsOf<K, NonNullable<At<T, K>>, Told> }[Keys<T>];

/** Each key below T once, for a test that holds a page to a type. What is `Told` has a table of its own. */
export type AllKeys<T, Told> = Record<Paths<T, Told>, true>;
