/** Writes expressions of CEL, as an API server of Kubernetes 1.30 has it: nothing newer is used. Pure. */

/** A text as a literal. */
export const text = (value: string): string =>
  /['\\\p{Cc}]/u.test(value) ? JSON.stringify(value) : `'${value}'`;

/** A pattern as a literal in which nothing is escaped. */
export function pattern(source: string): string {
  if (/['\n]/.test(source)) throw new RangeError(`${source} cannot be a raw text of CEL`);
  return `r'${source}'`;
}

export const list = (items: readonly string[]): string => `[${items.join(", ")}]`;

export const texts = (values: readonly string[]): string => list(values.map(text));

/** Numbers by texts. */
export const table = (entries: Readonly<Record<string, number | bigint>>): string =>
  `{${Object.entries(entries)
    .map(([key, value]) => `${text(key)}: ${value}`)
    .join(", ")}}`;

/** CEL has no loop over numbers, so the numbers stand there. */
export const range = (count: number): string =>
  list(Array.from({ length: count }, (_, at) => String(at)));

/** What a policy names once and then refers to. Only what is referred to is computed. */
export interface Variable {
  name: string;
  expression: string;
}

export const the = (name: string): string => `variables.${name}`;

/** A name for a part of an expression: a list of one element, which `map` runs through. */
export const within = (name: string, value: string, body: string): string =>
  `[${value}].map(${name}, ${body})[0]`;

export const either = (condition: string, yes: string, no: string): string =>
  `(${condition} ? ${yes} : ${no})`;

/** The first that holds decides. */
export const firstOf = (cases: readonly [condition: string, value: string][], last: string) =>
  cases.reduceRight((rest, [condition, value]) => either(condition, value, rest), last);
