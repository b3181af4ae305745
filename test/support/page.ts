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

export interface Block {
  /** "docs/set.md" */
  page: string;
  /** Where its fence is, from 1. */
  line: number;
  /** "sh": commands to copy. "console": commands behind a prompt, and what they print. */
  language: string;
  text: string;
}

/** The pages that are for users; what is below docs/engineering is for whoever works on Fairway. */
export const userPages: readonly string[] = [
  "README.md",
  ...[...new Bun.Glob("docs/*.md").scanSync(repository)].toSorted(),
];

/** All blocks of code of a page, in its order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(repository, page), "utf8");
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((found) => ({
    page,
    line: text.slice(0, found.index).split("\n").length,
    language: found[1] ?? "",
    text: found[2] ?? "",
  }));
}

/** The text of the one block of a page that begins with these words. */
export function blockThat(page: string, begins: string): string {
  const found = blocksOf(page).filter(({ text }) => text.startsWith(begins));
  const [block] = found;
  if (block !== undefined && found.length === 1) return block.text;
  throw new Error(`${page} has ${found.length} blocks that begin with: ${begins}`);
}

export interface Told {
  command: string;
  /** What the page says that it prints. */
  output: string;
}

/** The commands of a console block, each with its output. The first sign of the block is the prompt. */
export function consoleOf(block: string): Told[] {
  const prompt = block.slice(0, 2);
  const told: Told[] = [];
  for (const line of block.trimEnd().split("\n")) {
    const last = told.at(-1);
    if (line.startsWith(prompt) && (last === undefined || isCommand(line.slice(2))))
      told.push({ command: line.slice(2), output: "" });
    else if (last !== undefined) last.output += `${line}\n`;
  }
  return told;
}

/** What a program prints may begin as a prompt does. */
const isCommand = (line: string): boolean => /^(fairway|kubectl|nft) [^`]/.test(line);

/** "..." in a page stands for whatever is printed there. */
export function agrees(printed: string, page: string): boolean {
  const parts = page.split("...").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join("[\\s\\S]*")}$`).test(printed);
}
