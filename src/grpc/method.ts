/** A method of a service, as the text of a .proto file describes it, with the encoding of its messages. */
import protobuf, { type Type } from "protobufjs";
import { FairwayError, messageOf } from "../errors.ts";

interface Codec<T> {
  encode(value: T): Buffer;
  /** Throws decode. */
  decode(bytes: Uint8Array): T;
}

/**
 * `Asked` and `Answer` are what the messages are as plain objects: the fields' names in camel case, enums by their
 * names, 64 bits as numbers. What is absent is read as the field's default, an absent message as null. Whoever writes
 * may leave out what has its default.
 */
export interface Method<Asked, Answer> {
  /** "/PACKAGE.SERVICE/METHOD" */
  path: string;
  /** Whether there are any number of answers. */
  isStream: boolean;
  asked: Codec<Asked>;
  answer: Codec<Answer>;
}

const reading = { longs: Number, enums: String, defaults: true };

function codecOf<T>(type: Type): Codec<T> {
  return {
    encode: (value) =>
      Buffer.from(type.encode(type.fromObject(value as Record<string, unknown>)).finish()),
    decode(bytes) {
      try {
        return type.toObject(type.decode(bytes), reading) as T;
      } catch (error) {
        throw new FairwayError(
          "decode",
          `a message is no ${type.fullName.slice(1)}: ${messageOf(error)}`,
          "is what speaks at this socket of another kind or version, or is there a proxy before it?",
          { cause: error },
        );
      }
    },
  };
}

/** The service "PACKAGE.SERVICE" of a .proto text. */
export class Service {
  readonly #service: protobuf.Service;

  constructor(text: string, name: string) {
    this.#service = protobuf.parse(text).root.lookupService(name);
    this.#service.root.resolveAll();
  }

  /** `name` is the method's; `as` is another full name of the service, which has the same messages. */
  method<Asked, Answer>(name: string, as?: string): Method<Asked, Answer> {
    const method = this.#service.methods[name];
    method?.resolve();
    const { resolvedRequestType: asked = null, resolvedResponseType: answer = null } = method ?? {};
    if (method === undefined || asked === null || answer === null)
      throw new Error(`${this.#service.fullName} has no method ${name}`);
    return {
      path: `/${as ?? this.#service.fullName.slice(1)}/${name}`,
      isStream: method.responseStream === true,
      asked: codecOf(asked),
      answer: codecOf(answer),
    };
  }
}
