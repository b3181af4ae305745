/** A key as a part of a JSON pointer (RFC 6901). Pure. */
export const pointer = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
