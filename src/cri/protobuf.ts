/**
 * Reads protobuf's wire format (protobuf.dev/programming-guides/encoding), as far as reading a list takes.
 */
import { FairwayError } from "../errors.ts";

const varint = 0;
const eightBytes = 1;
const counted = 2;
const fourBytes = 5;

/** A field of type string, bytes or message. Numbers are skipped, since nobody here reads one. */
export interface Field {
  number: number;
  bytes: Uint8Array;
}

function cutOff(): FairwayError {
  return new FairwayError(
    "decode",
    "the runtime's answer ends in the middle of a protobuf field",
    "is there a proxy on the way to its socket?",
  );
}

class Reader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Beyond 2^53 the number is no longer exact, but no length and no tag is so large. */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.take(1)[0] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw cutOff();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** The fields of a message, in order. Throws decode. */
export function fieldsOf(message: Uint8Array): Field[] {
  const reader = new Reader(message);
  const fields: Field[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case varint:
        reader.varint();
        break;
      case eightBytes:
        reader.take(8);
        break;
      case counted:
        fields.push({ number, bytes: reader.take(reader.varint()) });
        break;
      case fourBytes:
        reader.take(4);
        break;
      default:
        throw new FairwayError(
          "decode",
          `the runtime's answer has a protobuf field of wire type ${tag % 8}, which there is not`,
          "does the socket lead to a container runtime?",
        );
    }
  }
  return fields;
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
