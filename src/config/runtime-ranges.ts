/**
 * The `ipRanges` capability gives range sets from the runtime. The schema does not know them, so their form
 * is checked here.
 */
import { isObject, Section } from "./section.ts";
import type { Violations } from "./violations.ts";

const place = "runtimeConfig.ipRanges";
const rangeKeys: readonly string[] = ["subnet", "rangeStart", "rangeEnd", "gateway"];

function checkRange(range: Section): void {
  for (const key of Object.keys(range.value)) {
    const value = range.get(key);
    if (!rangeKeys.includes(key))
      range.violations.add(range.key(key), "unknown key", `Known: ${rangeKeys.join(", ")}.`);
    else if (typeof value !== "string")
      range.violations.add(range.key(key), `has to be a string, found ${JSON.stringify(value)}`);
  }
  if (!range.has("subnet")) range.violations.add(range.key("subnet"), "is missing");
}

function rangeOf(value: unknown, key: string, violations: Violations): Section[] {
  if (!isObject(value)) {
    violations.add(key, `has to be an object, found ${JSON.stringify(value)}`);
    return [];
  }
  const range = new Section(value, key, violations);
  checkRange(range);
  return [range];
}

/** The sets, with one section for each range. */
export function runtimeRangeSets(sets: readonly unknown[], violations: Violations): Section[][] {
  return sets.map((set, i) => {
    const key = `${place}[${i}]`;
    if (Array.isArray(set) && set.length > 0)
      return set.flatMap((range, j) => rangeOf(range, `${key}[${j}]`, violations));
    violations.add(key, `has to be a list of ranges, found ${JSON.stringify(set)}`);
    return [];
  });
}
