/**
 * The `ipRanges` capability gives range sets from the runtime. The schema does not know them, so their form
 * is checked here.
 */

import type { Problems } from "./problems.ts";
import { isObject, Section } from "./section.ts";

const place = "runtimeConfig.ipRanges";
const rangeKeys: readonly string[] = ["subnet", "rangeStart", "rangeEnd", "gateway"];

function checkRange(range: Section): void {
  for (const key of Object.keys(range.value)) {
    const value = range.get(key);
    if (!rangeKeys.includes(key))
      range.problems.add(range.key(key), "unknown key", `Known: ${rangeKeys.join(", ")}.`);
    else if (typeof value !== "string")
      range.problems.add(range.key(key), `has to be a string, found ${JSON.stringify(value)}`);
  }
  if (!range.has("subnet")) range.problems.add(range.key("subnet"), "is missing");
}

function rangeOf(value: unknown, key: string, problems: Problems): Section[] {
  if (!isObject(value)) {
    problems.add(key, `has to be an object, found ${JSON.stringify(value)}`);
    return [];
  }
  const range = new Section(value, key, problems);
  checkRange(range);
  return [range];
}

/** The sets, with one section for each range. */
export function runtimeRangeSets(sets: readonly unknown[], problems: Problems): Section[][] {
  return sets.map((set, i) => {
    const key = `${place}[${i}]`;
    if (Array.isArray(set) && set.length > 0)
      return set.flatMap((range, j) => rangeOf(range, `${key}[${j}]`, problems));
    problems.add(key, `has to be a list of ranges, found ${JSON.stringify(set)}`);
    return [];
  });
}
