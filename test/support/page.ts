/** Commands of a page, as text. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./binary.ts";

/** The block of code that follows these words of a page, which it has once. */
export function blockAfter(page: string, words: string): string {
  const text = readFileSync(join(repository, page), "utf8");
  const [, after, more] = text.split(words);
  if (after === undefined || more !== undefined)
    throw new Error(`${page} has "${words}" not at all, or more than once`);
  const [, block] = /```\w*\n([\s\S]*?)^```$/m.exec(after) ?? [];
  if (block === undefined) throw new Error(`${page} has no block of code after "${words}"`);
  return block;
}

/** What the test cluster has in the place of what a page names. Each has to be there. */
export function withInPlace(text: string, places: Readonly<Record<string, string>>): string {
  let put = text;
  for (const [named, own] of Object.entries(places)) {
    if (!put.includes(named)) throw new Error(`"${named}" is not in: ${text}`);
    put = put.replaceAll(named, own);
  }
  return put;
}
