/**
 * Reads a resolver's file into the `dns` of a result, as host-local does (backend/allocator,
 * parseResolvConf).
 */
import { readFileSync } from "node:fs";
import { orFail } from "../../errors.ts";

export interface Dns extends Record<string, unknown> {
  nameservers?: string[];
  domain?: string;
  search?: string[];
  options?: string[];
}

export function parseResolvConf(text: string): Dns {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^[#;]/.test(line))
    .map((line) => line.split(/\s+/));
  const values = (keyword: string): string[] =>
    lines.filter(([first]) => first === keyword).flatMap(([, ...rest]) => rest);
  const [nameservers, search, options] = ["nameserver", "search", "options"].map(values);
  const domain = values("domain").at(-1);
  return {
    ...(nameservers?.length ? { nameservers } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(search?.length ? { search } : {}),
    ...(options?.length ? { options } : {}),
  };
}

/** Throws io. */
export const readResolvConf = (path: string): Dns =>
  orFail(
    "io",
    `ipam.resolvConf ${path} cannot be read`,
    "give the path of a resolver's file on the node, or remove the key",
    () => parseResolvConf(readFileSync(path, "utf8")),
  );
