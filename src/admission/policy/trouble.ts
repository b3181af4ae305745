/** What is wrong with each annotation by itself, in CEL and in the words of src/config. Pure. */
import { annotationKeys, kubernetesKeys } from "../../config/annotations.ts";
import {
  burstAdvice,
  duration,
  minRateBits,
  rate,
  size,
  type Unit,
} from "../../config/quantities.ts";
import { directions } from "../../plan/node.ts";
import { either, firstOf, list, range, text, texts, the, type Variable } from "./cel.ts";
import { numberVariables } from "./numbers.ts";

type Kind = "guarantee" | "limit" | "burst" | "target";

interface Numbered {
  key: string;
  kind: Kind;
}

const ofKeys = (kind: Kind, keys: Readonly<Record<string, string>>): Numbered[] =>
  directions.map((direction) => ({ key: keys[direction] ?? "", kind }));

/** All annotations that are numbers, in the order that the lists have. */
const numbered: readonly Numbered[] = [
  ...ofKeys("guarantee", annotationKeys.guarantee),
  ...ofKeys("limit", annotationKeys.limit),
  ...ofKeys("limit", kubernetesKeys),
  ...ofKeys("burst", annotationKeys.burst),
  { key: annotationKeys.latencyTarget, kind: "target" },
];

/** The place of a key in the lists. */
export function placeOf(key: string): number {
  const at = numbered.findIndex((each) => each.key === key);
  if (at < 0) throw new RangeError(`${key} is no number`);
  return at;
}

const placesOf = (kind: Kind): string =>
  list(numbered.flatMap((each, at) => (each.kind === kind ? [String(at)] : [])));
const isA = (kind: Kind): string => `i in ${placesOf(kind)}`;

const of = (name: string): string => `${the(name)}[i]`;

/** Without a line of its own, and no longer than a person reads. */
export const shown = (value: string): string =>
  `'"' + (${value}.size() > 64 ? ${value}.substring(0, 64) + '...' : ${value}).replace('\\n', ' ') + '"'`;

const byUnit = (value: (unit: Unit) => string): string =>
  firstOf(
    [
      [of("isTime"), value(duration)],
      [isA("burst"), value(size)],
    ],
    value(rate),
  );

const problem = firstOf(
  [
    [`!${of("wellFormed")}`, byUnit(({ noun }) => text(`is not ${noun}`))],
    [`${of("zero")} && ${isA("guarantee")}`, "''"],
    [`${of("zero")} && ${isA("target")}`, text("is no latency that a packet can have")],
    [of("zero"), text("would let nothing pass")],
    [of("negative"), text("is negative")],
    [
      `${of("floor")} > ${of("most")} || (${of("floor")} == ${of("most")} && !${of("whole")})`,
      byUnit(({ maxText }) => text(`is more than ${maxText}`)),
    ],
    [`!${of("whole")}`, byUnit(({ plural }) => text(`is not a whole number of ${plural}`))],
    [
      `${of("floor")} < ${minRateBits} && (${isA("guarantee")} || ${isA("limit")})`,
      text("is less than 1k (1 kbit/s), the smallest rate"),
    ],
  ],
  "''",
);

const advice = firstOf(
  [[`${of("wellFormed")} && ${of("zero")} && ${isA("burst")}`, text(burstAdvice)]],
  byUnit((unit) => text(unit.advice)),
);

/**
 * `problem` and `advice` are texts, '' where nothing is wrong. `value` is what a right one says, and -1 for those that
 * are absent or wrong. `annotations` has to be there.
 */
export function troubleVariables(): Variable[] {
  const each = (body: string): string => `${range(numbered.length)}.map(i, ${body})`;
  const keys = the("keys");
  const annotations = the("annotations");
  return [
    { name: "keys", expression: texts(numbered.map(({ key }) => key)) },
    { name: "given", expression: `${keys}.map(k, k in ${annotations})` },
    ...numberVariables({
      count: numbered.length,
      texts: `${keys}.map(k, k in ${annotations} ? ${annotations}[k] : '')`,
      // No suffix of a size ends in "s", and that of every time does.
      areTimes: each(`${isA("target")} || (${isA("burst")} && ${of("text")}.endsWith('s'))`),
    }),
    { name: "most", expression: each(byUnit(({ max }) => String(max))) },
    { name: "problem", expression: each(either(of("given"), problem, "''")) },
    {
      name: "value",
      expression: each(either(`${of("given")} && ${of("problem")} == ''`, of("floor"), "-1")),
    },
    {
      name: "numberTroubles",
      expression: `${range(numbered.length)}.filter(i, ${of("problem")} != '').map(i, ${keys}[i] + ': ' + ${shown(of("text"))} + ' ' + ${of("problem")} + '. ' + ${advice})`,
    },
  ];
}
