/** Holds what `status --json` printed to its schema. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { isObject } from "../../src/config/section.ts";
import type { NodeStatus } from "../../src/ops/status/model.ts";
import { repository } from "./binary.ts";

/** A reader may ignore fields that it does not know; what this build prints, its own schema has to know. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isObject(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([k, v]) => [k, closed(v)]));
  return isObject(schema.properties) && "type" in schema
    ? { ...inner, additionalProperties: false }
    : inner;
}

const text = readFileSync(join(repository, "conf/status.schema.json"), "utf8");
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strict: true });
const validate = ajv.compile<NodeStatus>(closed(JSON.parse(text)) as object);

/** Throws where it is not of the schema, with all that is wrong. */
export function statusFrom(printed: string): NodeStatus {
  const status: unknown = JSON.parse(printed);
  if (validate(status)) return status;
  throw new Error(`conf/status.schema.json: ${ajv.errorsText(validate.errors)}`);
}
