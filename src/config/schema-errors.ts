/** Puts what the compiled schema found into words. */
import validate from "./generated/validate.js";
import type { Problems } from "./problems.ts";
import { isObject } from "./section.ts";
import { unknownKey } from "./unknown-keys.ts";
import type { SchemaError } from "./validator.ts";

const typeNames: Record<string, string> = {
  string: "a string",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  object: "an object",
  array: "an array",
  null: "null",
};

/** A JSON pointer's parts (RFC 6901). */
function segmentsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The key, such as "ipam.ranges[0][0].subnet", and what stands there. */
function locate(raw: unknown, segments: readonly string[]): { key: string; value: unknown } {
  let key = "";
  let value = raw;
  for (const segment of segments) {
    if (Array.isArray(value)) {
      key = `${key}[${segment}]`;
      value = value[Number(segment)];
    } else {
      key = key === "" ? segment : `${key}.${segment}`;
      value = isObject(value) ? value[segment] : undefined;
    }
  }
  return { key, value };
}

const shownLength = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= shownLength ? text : `${text.slice(0, shownLength)}...`;
}

function listed(values: unknown, quote: (value: unknown) => string): string {
  return (Array.isArray(values) ? values : [values]).map(quote).join(" or ");
}

function problemOf({ keyword, params }: SchemaError, value: unknown): string {
  switch (keyword) {
    case "type":
      return `has to be ${listed(params.type, (type) => typeNames[String(type)] ?? String(type))}, found ${shown(value)}`;
    case "enum":
      return `${shown(value)} is not ${listed(params.allowedValues, JSON.stringify)}`;
    case "minimum":
      return `${shown(value)} is below ${params.limit}`;
    case "maximum":
      return `${shown(value)} is above ${params.limit}`;
    default:
      return `${shown(value)} breaks the schema's rule "${keyword}"`;
  }
}

function report(error: SchemaError, raw: unknown, problems: Problems): void {
  const segments = segmentsOf(error.instancePath);
  const { key, value } = locate(raw, segments);
  const inner = (name: unknown) => (key === "" ? String(name) : `${key}.${name}`);
  if (error.keyword === "additionalProperties") {
    const name = String(error.params.additionalProperty);
    const { problem, advice } = unknownKey(segments, name);
    problems.add(inner(name), problem, advice);
  } else if (error.keyword === "required") {
    const name = inner(error.params.missingProperty);
    problems.add(name, "is missing");
  } else {
    problems.add(key, problemOf(error, value));
  }
}

/**
 * Adds all that breaks the schema. There is one problem for each value, though a wrong type may break
 * several rules.
 */
export function checkSchema(raw: unknown, problems: Problems): void {
  if (validate(raw)) return;
  const seen = new Set<string>();
  for (const error of validate.errors ?? []) {
    // `problems` gives up by itself where there are more than anybody reads.
    const aboutValue = error.keyword !== "additionalProperties" && error.keyword !== "required";
    if (aboutValue && seen.has(error.instancePath)) continue;
    if (aboutValue) seen.add(error.instancePath);
    report(error, raw, problems);
  }
}
