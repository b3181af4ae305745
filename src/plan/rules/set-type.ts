/** What the keys and values of a set are. */
import { type Field, wordBytes } from "./instruction.ts";

export type TypeName = "ifname" | "ether_addr" | "ipv4_addr" | "ipv6_addr" | "inet_service";

export interface SetType {
  /** Names of types, or fields of a packet for bytes that nft has no type for. */
  key: readonly TypeName[] | readonly Field[];
  /** It is a map to classes. */
  leadsToClass?: true;
  /** Its elements are runs of addresses. */
  isInterval?: true;
  /** Each element counts what it matches. */
  counts?: true;
}

const isField = (part: TypeName | Field): part is Field => typeof part !== "string";

/** The fields that a key is the bytes of. null means that it is made of types. */
export function fieldsOf({ key }: SetType): readonly Field[] | null {
  const fields = [...key].filter(isField);
  return fields.length === 0 ? null : fields;
}

/** As nft's language declares it. */
export function specOf(type: SetType): string {
  const fields = fieldsOf(type);
  const key =
    fields === null
      ? `type ${type.key.join(" . ")}`
      : `typeof ${fields.map(({ text }) => text).join(" . ")}`;
  return [
    `${key}${type.leadsToClass === true ? " : classid" : ""};`,
    ...(type.isInterval === true ? ["flags interval;"] : []),
    ...(type.counts === true ? ["counter;"] : []),
  ].join(" ");
}

/** What a field of so many bytes takes of a key that has several. */
export const wholeWords = (bytes: number): number => Math.ceil(bytes / wordBytes) * wordBytes;
