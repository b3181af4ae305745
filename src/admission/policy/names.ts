/** What is wrong with names in CEL: keys that nobody knows, tiers and pools that cannot be, addresses. Pure. */
import { annotationKeys, fairwayKeys, fairwayPrefix } from "../../config/annotations.ts";
import { poolPattern } from "../../config/pools.ts";
import { tierPattern } from "../../config/tiers.ts";
import {
  either,
  firstOf,
  list,
  pattern,
  range,
  text,
  texts,
  the,
  type Variable,
  within,
} from "./cel.ts";
import { shown } from "./trouble.ts";

const names = fairwayKeys.map((key) => key.slice(fairwayPrefix.length));
/** A name of an annotation is no longer (a label of RFC 1123). */
const longest = 64;
/** Beyond so many they are not looked at one by one. */
const mostSuggested = 5;
/** Two names of which fewer pairs of letters are the same, in percent, are two words. */
const leastShared = 40;

const framed = (name: string): string => `^${name}$`;

/**
 * The nearest name, by the share of neighbouring pairs of letters that both have (Dice). CEL has no loop that counts
 * edits as src/config/suggest.ts does; for a slip of one letter the two nearly always say the same.
 */
function nearest(word: string): string {
  const pairs = `${range(longest)}.filter(j, j + 2 <= w.size()).map(j, w.substring(j, j + 2))`;
  const scores = `${texts(names.map(framed))}.map(n, 200 * p.filter(x, n.contains(x)).size() / (w.size() + n.size() - 2))`;
  const found = within(
    "s",
    scores,
    either(`s.max() < ${leastShared}`, "''", `${texts(fairwayKeys)}[s.indexOf(s.max())]`),
  );
  return within("w", `('^' + ${word} + '$')`, within("p", pairs, found));
}

const known = text(`Known: ${fairwayKeys.join(", ")}.`);

const unknownTrouble = (key: string): string =>
  within(
    "near",
    nearest(`${key}.substring(${fairwayPrefix.length}).lowerAscii()`),
    `${key} + ': unknown annotation. ' + (near == '' ? '' : 'Did you mean "' + near + '"? ') + ${known}`,
  );

/** What JavaScript's trim() takes away, which is not what CEL's does. */
const blank = String.raw`[\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*`;
const byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const ipv4 = String.raw`${byte}(?:\.${byte}){3}`;
const hex = "[0-9a-fA-F]{1,4}";
const ipv6 = [
  `(?:${hex}:){7}(?:${hex}|:)`,
  `(?:${hex}:){6}(?::${hex}|${ipv4}|:)`,
  `(?:${hex}:){5}(?:(?::${hex}){1,2}|:${ipv4}|:)`,
  ...[4, 3, 2, 1].map(
    (n) => `(?:${hex}:){${n}}(?:(?::${hex}){1,${7 - n}}|(?::${hex}){0,${5 - n}}:${ipv4}|:)`,
  ),
  `:(?:(?::${hex}){1,7}|(?::${hex}){0,5}:${ipv4}|:)`,
].join("|");
const whole = (of: string): string => pattern(`^${blank}(?:${of})${blank}$`);
/** A longer list of addresses costs more than the API server allows, and is left to the plugin. */
const longestAddresses = 256;

const addressAdvice = 'Write it as in "10.244.1.1".';
const oneOfEach = "Give one address of each family, separated by a comma.";

function addressTroubles(): string {
  const value = the("addresses");
  const key = `${text(annotationKeys.ip)} + ': '`;
  const bad = `${the("addressList")}.filter(a, !a.matches(${whole(ipv4)}) && !a.matches(${whole(ipv6)}))`;
  const many = (family: number, of: string): string =>
    either(
      `${the("addressList")}.filter(a, a.matches(${whole(of)})).size() > 1`,
      `[${key} + ${shown(value)} + ${text(` has more than one IPv${family} address. ${oneOfEach}`)}]`,
      "[]",
    );
  return `${bad}.map(a, ${key} + ${shown("a.trim()")} + ${text(` is not an IP address. ${addressAdvice}`)}) + ${many(4, ipv4)} + ${many(6, ipv6)}`;
}

function nameTroubles(): string {
  const annotations = the("annotations");
  const cannotBe = (key: string, allowed: RegExp, what: string): string =>
    either(
      `${text(key)} in ${annotations} && !${annotations}[${text(key)}].matches(${pattern(allowed.source)})`,
      `[${text(`${key}: `)} + ${shown(`${annotations}[${text(key)}]`)} + ${text(what)}]`,
      "[]",
    );
  return [
    cannotBe(
      annotationKeys.tier,
      tierPattern,
      " cannot name a tier. A tier's name has up to 63 letters, digits, _, . and -, and begins with a letter or a digit.",
    ),
    cannotBe(
      annotationKeys.ipPool,
      poolPattern,
      " cannot name a pool. A pool's name has up to 63 lower-case letters, digits and -.",
    ),
  ].join(" + ");
}

export function nameVariables(): Variable[] {
  const annotations = the("annotations");
  const ip = text(annotationKeys.ip);
  return [
    {
      name: "unknown",
      expression: `${annotations}.filter(k, k.startsWith(${text(fairwayPrefix)}) && !(k in ${texts(fairwayKeys)}))`,
    },
    {
      name: "unknownTroubles",
      expression: firstOf(
        [
          [
            `${the("unknown")}.size() <= ${mostSuggested}`,
            `${the("unknown")}.map(k, ${unknownTrouble("k")})`,
          ],
        ],
        list([
          `string(${the("unknown")}.size()) + ' unknown annotations, such as ' + ${the("unknown")}[0] + '. ' + ${known}`,
        ]),
      ),
    },
    {
      name: "addresses",
      expression: either(`${ip} in ${annotations}`, `${annotations}[${ip}]`, "''"),
    },
    {
      name: "addressList",
      expression: either(
        `${ip} in ${annotations} && ${the("addresses")}.size() <= ${longestAddresses}`,
        `${the("addresses")}.split(',')`,
        "[]",
      ),
    },
    { name: "addressTroubles", expression: addressTroubles() },
    { name: "nameTroubles", expression: nameTroubles() },
  ];
}
