/**
 * Reads quantities and durations in CEL as src/config/quantities.ts does. CEL's own quantity() is of no use: it rounds
 * what is smaller than a billionth and cuts off what is too large, and the code refuses both. Pure.
 *
 * Numbers are lists with one element for each text, so that an expression stands there once for all of them. Whatever
 * is asked of a text that is no number has to give some answer, since an error would refuse the pod in words of CEL.
 */
import {
  binaryPowers,
  decimalExponents,
  maxRateBits,
  maxTextLength,
  timeExponents,
} from "../../config/quantities.ts";
import { either, firstOf, list, pattern, range, table, the, type Variable, within } from "./cel.ts";

/** More than any limit, and small enough to be multiplied by ten. */
const tooMuch = 10n * BigInt(maxRateBits);
/** So many digits has `tooMuch`; fewer are a number that can be computed with. */
const mostDigits = String(tooMuch).length - 1;

/** A fraction is multiplied in pieces of nine digits, so that no product leaves 64 bits. */
const pieceDigits = 9;
const pieceBase = 10 ** pieceDigits;
const pieces = Math.ceil(maxTextLength / pieceDigits);
const mostPower = 30;

const suffixes = (names: readonly string[]): string =>
  names.filter((name) => name !== "").join("|");
const number = String.raw`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)`;
const exponent = "[eE][+-]?[0-9]+";
const quantityNames = [...Object.keys(decimalExponents), ...Object.keys(binaryPowers)];
const quantityPattern = pattern(`${number}(?:${suffixes(quantityNames)}|${exponent})?$`);
const durationPattern = pattern(`${number}(?:${suffixes(Object.keys(timeExponents))})$`);

const factors = Object.fromEntries(
  Object.entries(binaryPowers).map(([name, power]) => [name, 2n ** power]),
);
/** A power of two in two steps, each of which a piece can be multiplied by. */
const steps = Object.fromEntries(
  Object.entries(binaryPowers).map(([name, power]) => {
    const first = Math.min(Number(power), mostPower);
    return [name, [2n ** BigInt(first), 2n ** (power - BigInt(first))] as const];
  }),
);
const step = (at: 0 | 1): Record<string, bigint> =>
  Object.fromEntries(Object.entries(steps).map(([name, both]) => [name, both[at]]));

/** What is carried out of the pieces from `at` on when they are multiplied, and what stays of that piece. */
const product = (piece: string, by: string, at: number): string =>
  at === pieces - 1
    ? `${piece}[${at}] * ${by}`
    : `${piece}[${at}] * ${by} + (${product(piece, by, at + 1)}) / ${pieceBase}`;
const carried = (piece: string, by: string): string => `(${product(piece, by, 0)}) / ${pieceBase}`;
const left = (piece: string, by: string): string =>
  list(Array.from({ length: pieces }, (_, at) => `(${product(piece, by, at)}) % ${pieceBase}`));

export interface Texts {
  count: number;
  /** A list of texts, '' for what is absent. */
  texts: string;
  /** A list that says which of them are times. */
  areTimes: string;
}

/**
 * Afterwards `wellFormed` says which are numbers, `zero` and `negative` which are that, `floor` has their whole units,
 * without the sign, and `whole` says whether there is no more. A floor that is too large is at least `tooMuch`.
 */
export function numberVariables({ count, texts, areTimes }: Texts): Variable[] {
  const each = (body: string): string => `${range(count)}.map(i, ${body})`;
  const of = (name: string): string => `${the(name)}[i]`;
  const suffix = of("suffix");
  const knownIn = (name: string, entries: Readonly<Record<string, number | bigint>>, or: string) =>
    within(name, table(entries), either(`${suffix} in ${name}`, `${name}[${suffix}]`, or));
  const zeros = (size: number): string => `'${"0".repeat(size)}'`;
  const written = within(
    "e",
    `${suffix}.find('[1-9][0-9]*')`,
    `${firstOf(
      [
        [`e == ''`, "0"],
        [`e.size() > 3`, "999"],
      ],
      "int(e)",
    )} * ${either(`${suffix}.contains('-')`, "-1", "1")}`,
  );
  const exponents = { ...decimalExponents, ...timeExponents };
  // Of a decimal number: its digits without zeros at either end, and how many places they are shifted by.
  const decimalFloor = within(
    "n",
    `${of("digits")}.size() + ${of("shift")}`,
    firstOf(
      [
        [`${of("digits")} == '' || n <= 0`, "0"],
        [`n > ${mostDigits}`, String(tooMuch)],
        [
          `${of("shift")} >= 0`,
          `int(${of("digits")} + ${zeros(mostDigits)}.substring(0, ${of("shift")}))`,
        ],
      ],
      `int(${of("digits")}.substring(0, n))`,
    ),
  );
  const integer = `${of("number")}.split('.')[0].find('[1-9][0-9]*')`;
  const binaryFloor = within(
    "w",
    integer,
    firstOf(
      [
        [`w.size() > ${mostDigits}`, String(tooMuch)],
        [`(w == '' ? 0 : int(w)) > ${tooMuch} / ${of("factor")}`, String(tooMuch)],
      ],
      `(w == '' ? 0 : int(w)) * ${of("factor")} + (${carried(of("pieces"), of("first"))}) * ${of("second")} + ${carried(of("rest"), of("second"))}`,
    ),
  );
  const decimalsText = either(
    `${of("number")}.contains('.')`,
    `${of("number")}.split('.')[1]`,
    "''",
  );
  return [
    { name: "text", expression: texts },
    { name: "isTime", expression: areTimes },
    {
      name: "wellFormed",
      expression: each(
        `${of("text")}.size() <= ${maxTextLength} && ${either(of("isTime"), `${of("text")}.matches(${durationPattern})`, `${of("text")}.matches(${quantityPattern})`)}`,
      ),
    },
    // What is no number is read as none, whatever it is.
    {
      name: "number",
      expression: each(either(of("wellFormed"), `${of("text")}.find('[0-9.]+')`, "'0'")),
    },
    {
      name: "suffix",
      expression: each(either(of("wellFormed"), `${of("text")}.find('[a-zA-Z].*')`, "''")),
    },
    { name: "negative", expression: each(`${of("text")}.startsWith('-')`) },
    { name: "decimals", expression: each(decimalsText) },
    {
      name: "digits",
      expression: each(`${of("number")}.replace('.', '').find('[1-9](?:[0-9]*[1-9])?')`),
    },
    { name: "zero", expression: each(`${of("digits")} == ''`) },
    {
      name: "shift",
      expression: each(
        `${knownIn("x", exponents, written)} - ${of("decimals")}.size() + ${of("number")}.replace('.', '').find('0*$').size()`,
      ),
    },
    { name: "factor", expression: each(knownIn("f", factors, "1")) },
    { name: "first", expression: each(knownIn("f", step(0), "1")) },
    { name: "second", expression: each(knownIn("f", step(1), "1")) },
    {
      name: "pieces",
      expression: each(
        within(
          "d",
          `(${of("decimals")} + ${zeros(pieces * pieceDigits)})`,
          `${list(Array.from({ length: pieces }, (_, at) => String(at * pieceDigits)))}.map(j, int(d.substring(j, j + ${pieceDigits})))`,
        ),
      ),
    },
    { name: "rest", expression: each(left(of("pieces"), of("first"))) },
    { name: "restOfRest", expression: each(left(of("rest"), of("second"))) },
    {
      name: "floor",
      expression: each(either(`${of("factor")} == 1`, decimalFloor, binaryFloor)),
    },
    {
      name: "whole",
      expression: each(
        either(
          `${of("factor")} == 1`,
          `${of("zero")} || ${of("shift")} >= 0`,
          `${of("restOfRest")}.all(r, r == 0)`,
        ),
      ),
    },
  ];
}
