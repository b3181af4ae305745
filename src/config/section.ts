import type { Problems } from "./problems.ts";

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * An object of the configuration and its place in it. It gives undefined for a key that is absent, and for
 * one of the wrong type, which the schema has reported already.
 */
export class Section {
  constructor(
    readonly value: JsonObject,
    /** "" is the top; another place is written as in "ipam.ranges[0][0]". */
    readonly place: string,
    readonly problems: Problems,
  ) {}

  /** The full name of a key, for messages. */
  key(name: string): string {
    return this.place === "" ? name : `${this.place}.${name}`;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.value, name);
  }

  get(name: string): unknown {
    return this.has(name) ? this.value[name] : undefined;
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    return typeof value === "string" ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.get(name);
    return typeof value === "number" ? value : undefined;
  }

  flag(name: string): boolean | undefined {
    const value = this.get(name);
    return typeof value === "boolean" ? value : undefined;
  }

  object(name: string): JsonObject | undefined {
    const value = this.get(name);
    return isObject(value) ? value : undefined;
  }

  list(name: string): unknown[] {
    const value = this.get(name);
    return Array.isArray(value) ? value : [];
  }

  /** A section inside this one. It is empty where the key is absent. */
  section(name: string): Section {
    return new Section(this.object(name) ?? {}, this.key(name), this.problems);
  }

  /**
   * Parses a string. It is undefined where the key is absent, or where the string is refused, which is a
   * problem then.
   */
  parse<T>(name: string, parse: (text: string, key: string) => T): T | undefined {
    const text = this.text(name);
    return text === undefined
      ? undefined
      : this.problems.attempt(() => parse(text, this.key(name)));
  }

  /** Does the same for what may be a string or a number. */
  quantity<T>(name: string, parse: (value: string | number, key: string) => T): T | undefined {
    const value = this.text(name) ?? this.number(name);
    return value === undefined
      ? undefined
      : this.problems.attempt(() => parse(value, this.key(name)));
  }

  /** Parses each string of a list. Those that are refused are left out, and each is a problem. */
  parseEach<T>(name: string, parse: (text: string, key: string) => T): T[] {
    return this.list(name).flatMap((item, index) => {
      if (typeof item !== "string") return [];
      const parsed = this.problems.attempt(() => parse(item, `${this.key(name)}[${index}]`));
      return parsed === undefined ? [] : [parsed];
    });
  }
}
