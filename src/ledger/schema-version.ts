/**
 * What the number in a ledger's file says about its schema (PRAGMA user_version). It holds two: the format,
 * and how many additions were made to that format. Whoever knows the format can use the file, whichever
 * additions it has (decision 39). Pure.
 */

export interface SchemaVersion {
  format: number;
  additions: number;
}

/** A format has fewer additions and there are fewer formats than this. */
const additionStep = 1_000;

export const schemaNumber = ({ format, additions }: SchemaVersion): number =>
  format + additionStep * additions;

/** 0 stands for a file in which no table has been made yet. */
export const schemaOf = (number: number): SchemaVersion => ({
  format: number % additionStep,
  additions: Math.floor(number / additionStep),
});

/** "behind": it has to be brought to the known version first. "ahead": it cannot be used. */
export type Standing = "behind" | "usable" | "ahead";

/** How a file of version `found` stands to a program that knows `known`. */
export function standingOf(found: number, known: number): Standing {
  const [file, program] = [schemaOf(found), schemaOf(known)];
  if (file.format !== program.format) return file.format < program.format ? "behind" : "ahead";
  return file.additions < program.additions ? "behind" : "usable";
}

/** For a person: "6", or "6.2" after two additions. */
export function schemaText(number: number): string {
  const { format, additions } = schemaOf(number);
  return additions === 0 ? `${format}` : `${format}.${additions}`;
}
