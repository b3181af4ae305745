/**
 * Netlink messages as data. All numbers are in the machine's byte order; every platform that we
 * build for is little-endian.
 */

const align = (n: number): number => (n + 3) & ~3;
export const attributeHeaderBytes = 4;
export const messageHeaderBytes = 16;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER (include/uapi/linux/netlink.h) are flags above the type. */
const typeMask = 0x3fff;

export interface Message {
  type: number;
  flags: number;
  sequence: number;
  body: Uint8Array;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Encodes struct nlmsghdr and the body after it. */
export function encodeMessage({ type, flags, sequence, body }: Message): Uint8Array {
  const out = new Uint8Array(messageHeaderBytes + align(body.length));
  const view = viewOf(out);
  view.setUint32(0, messageHeaderBytes + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  out.set(body, messageHeaderBytes);
  return out;
}

export function decodeMessages(bytes: Uint8Array): Message[] {
  const view = viewOf(bytes);
  const messages: Message[] = [];
  for (let at = 0; at + messageHeaderBytes <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < messageHeaderBytes || at + length > bytes.length)
      throw new RangeError(`netlink message of ${length} bytes in ${bytes.length - at}`);
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      body: bytes.subarray(at + messageHeaderBytes, at + length),
    });
    at += align(length);
  }
  return messages;
}

export function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const out = new Uint8Array(align(attributeHeaderBytes + value.length));
  const view = viewOf(out);
  view.setUint16(0, attributeHeaderBytes + value.length, true);
  view.setUint16(2, type, true);
  out.set(value, attributeHeaderBytes);
  return out;
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** NLA_F_NESTED. nf_tables requires it. */
const nestedFlag = 0x8000;

export function encodeNested(type: number, ...attributes: Uint8Array[]): Uint8Array {
  return encodeAttribute(type | nestedFlag, concat(...attributes));
}

/** The values of a nested list, whose attributes all have the same number. */
export function listed(bytes: Uint8Array): Uint8Array[] {
  const view = viewOf(bytes);
  const values: Uint8Array[] = [];
  for (let at = 0; at + attributeHeaderBytes <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < attributeHeaderBytes || at + length > bytes.length)
      throw new RangeError(`netlink attribute of ${length} bytes in ${bytes.length - at}`);
    values.push(bytes.subarray(at + attributeHeaderBytes, at + length));
    at += align(length);
  }
  return values;
}

/** The values of the attributes that are wanted, read in one pass without decoding the others. */
export function attributesAt(
  bytes: Uint8Array,
  offset: number,
  types: readonly number[],
): (Uint8Array | undefined)[] {
  const view = viewOf(bytes);
  const values: (Uint8Array | undefined)[] = types.map(() => undefined);
  for (let at = align(offset); at + attributeHeaderBytes <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < attributeHeaderBytes || at + length > bytes.length)
      throw new RangeError(`netlink attribute of ${length} bytes in ${bytes.length - at}`);
    const index = types.indexOf(view.getUint16(at + 2, true) & typeMask);
    if (index >= 0) values[index] = bytes.subarray(at + attributeHeaderBytes, at + length);
    at += align(length);
  }
  return values;
}

/** The attributes of a message or of a nested attribute, by number. */
export class Attributes {
  readonly #values = new Map<number, Uint8Array>();

  constructor(bytes: Uint8Array, offset = 0) {
    const view = viewOf(bytes);
    for (let at = align(offset); at + attributeHeaderBytes <= bytes.length; ) {
      const length = view.getUint16(at, true);
      if (length < attributeHeaderBytes || at + length > bytes.length)
        throw new RangeError(`netlink attribute of ${length} bytes in ${bytes.length - at}`);
      this.#values.set(
        view.getUint16(at + 2, true) & typeMask,
        bytes.subarray(at + attributeHeaderBytes, at + length),
      );
      at += align(length);
    }
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  u8(type: number): number | undefined {
    return this.#values.get(type)?.[0];
  }

  u16(type: number): number | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : viewOf(value).getUint16(0, true);
  }

  u32(type: number): number | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : viewOf(value).getUint32(0, true);
  }

  /** Counters and rates stay below 2^53. */
  u64(type: number): number | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : Number(viewOf(value).getBigUint64(0, true));
  }

  text(type: number): string | undefined {
    const value = this.#values.get(type);
    if (value === undefined) return undefined;
    const end = value.indexOf(0);
    return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
  }

  nested(type: number): Attributes | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : new Attributes(value);
  }
}

export { viewOf };
