/**
 * Puts a class's values into a configuration, and takes them out again. What stood there before comes back when
 * the class goes; what somebody else has set meanwhile is left as it is. Pure.
 */
import { isObject, type Json } from "../kube/objects.ts";
import { classKeys } from "./class-object.ts";

/** By key of `classKeys`. `undefined` cannot be written, so a value that was not there is null. */
type Values = Record<string, { value: unknown } | null>;

/** What was put into a configuration, and what had stood there. */
export interface ClassRecord {
  name: string;
  former: Values;
  written: Record<string, unknown>;
}

type Path = readonly string[];

function valueAt(object: Json, path: Path): { value: unknown } | null {
  const [key = "", ...rest] = path;
  if (!Object.hasOwn(object, key)) return null;
  const value = object[key];
  if (rest.length === 0) return { value };
  return isObject(value) ? valueAt(value, rest) : null;
}

/** Keys keep their order, and new ones come last. */
function withValue(object: Json, path: Path, to: { value: unknown } | null): Json {
  const [key = "", ...rest] = path;
  const inner = object[key];
  if (rest.length === 0) {
    const { [key]: _, ...others } = object;
    return to === null ? others : { ...object, [key]: to.value };
  }
  if (!isObject(inner) && to === null) return object;
  return { ...object, [key]: withValue(isObject(inner) ? inner : {}, rest, to) };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export interface Planned {
  plugin: Json;
  record: ClassRecord | null;
}

/** `wanted` is null where no class selects the node. `record` is null where none has been put in. */
export function planClass(
  plugin: Json,
  record: ClassRecord | null,
  wanted: { name: string; values: Readonly<Json> } | null,
): Planned {
  let result = plugin;
  const next: ClassRecord = { name: wanted?.name ?? "", former: {}, written: {} };
  for (const [key, path] of Object.entries(classKeys)) {
    const now = valueAt(plugin, path);
    const isOurs =
      record !== null &&
      Object.hasOwn(record.written, key) &&
      now !== null &&
      same(now.value, record.written[key]);
    const former = isOurs ? (record.former[key] ?? null) : now;
    const value = wanted?.values[key];
    const to = value === undefined ? former : { value };
    if (!same(to, now)) result = withValue(result, path, to);
    if (value === undefined) continue;
    next.former[key] = former;
    next.written[key] = value;
  }
  return { plugin: result, record: wanted === null ? null : next };
}

/** What a class says that no configuration has a place for. */
export const unknownKeys = (values: Readonly<Json>): string[] =>
  Object.keys(values).filter((key) => !Object.hasOwn(classKeys, key));

/** A configuration with what another one has at the places that a class may set. */
export function withClassValuesOf(plugin: Json, other: Json): Json {
  return Object.values(classKeys).reduce<Json>((result, path) => {
    const [now, to] = [valueAt(result, path), valueAt(other, path)];
    return same(now, to) ? result : withValue(result, path, to);
  }, plugin);
}
