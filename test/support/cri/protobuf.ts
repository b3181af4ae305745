/** The wire format of Protocol Buffers, as much of it as the CRI's messages need. */

/** A field's number and its value; messages nest. What has its default is left out, as proto3 wants it. */
export type Fields = readonly (readonly [number: number, value: string | number | Fields])[];

const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

export function encode(fields: Fields): Uint8Array {
  const parts = fields.map(([number, value]) => {
    if (typeof value === "number")
      return value === 0
        ? new Uint8Array()
        : Uint8Array.from([...varint(number * 8 + varintType), ...varint(value)]);
    const body = typeof value === "string" ? new TextEncoder().encode(value) : encode(value);
    return Buffer.concat([
      Uint8Array.from([...varint(number * 8 + bytesType), ...varint(body.length)]),
      body,
    ]);
  });
  return Buffer.concat(parts);
}

/** A map field is a list of entries with a key (1) and a value (2). */
export function mapField(number: number, map: Readonly<Record<string, string>>): Fields {
  return Object.entries(map).map(([key, value]) => [
    number,
    [
      [1, key],
      [2, value],
    ],
  ]);
}

/** A message that was received. An absent field reads as its default. */
export interface Message {
  number(field: number): number;
  text(field: number): string;
  message(field: number): Message;
  messages(field: number): Message[];
  has(field: number): boolean;
}

export function decode(bytes: Uint8Array): Message {
  const numbers = new Map<number, number>();
  const bodies = new Map<number, Uint8Array[]>();
  let at = 0;
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) throw new RangeError("the message ends within a field");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const takeVarint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const [byte = 0] = take(1);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = takeVarint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === varintType) numbers.set(field, takeVarint());
    else if (type === bytesType)
      bodies.set(field, [...(bodies.get(field) ?? []), take(takeVarint())]);
    else if (type === fixed64Type) take(8);
    else if (type === fixed32Type) take(4);
    else throw new RangeError(`wire type ${type} of field ${field} is not known here`);
  }
  const last = (field: number): Uint8Array => bodies.get(field)?.at(-1) ?? new Uint8Array();
  return {
    number: (field) => numbers.get(field) ?? 0,
    text: (field) => new TextDecoder().decode(last(field)),
    message: (field) => decode(last(field)),
    messages: (field) => (bodies.get(field) ?? []).map(decode),
    has: (field) => numbers.has(field) || bodies.has(field),
  };
}
