/** Reads what was given to a command. */
import { readFileSync } from "node:fs";
import { orFail } from "../errors.ts";

/** Throws io, naming `file`. */
export const readText = (file: string, from: string | 0 = file): string =>
  orFail("io", `cannot read ${file}`, undefined, () => readFileSync(from, "utf8"));

/** Throws decode. Messages name the text as `of`. */
export const parsedJson = (text: string, of: string): unknown =>
  orFail("decode", `${of} is not JSON`, undefined, (): unknown => JSON.parse(text));
