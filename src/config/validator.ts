/** The shape of what ajv generates (src/config/generated), as far as we use it. */

export interface SchemaError {
  keyword: string;
  /** A JSON pointer: "/ipam/ranges/0/0/subnet". */
  instancePath: string;
  params: Record<string, unknown>;
}

export interface Validator {
  (data: unknown): boolean;
  /** The errors of the last call. */
  errors?: SchemaError[] | null;
}
