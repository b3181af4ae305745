/**
 * Writes what is generated from the configuration's schema:
 * - `src/config/generated/validate.js` and its types: the compiled validator, so that ajv itself is
 *   not loaded when the plugin starts. Not committed.
 * - `src/ui/generated/files.ts`: the page that the agent serves, its script bundled of `src/ui/browser`. Not committed.
 * - `conf/fairway.schema.json`: the schema, for editors and readers. Committed.
 * - `bandwidthclass.yaml` of `conf/cluster` and of the chart: what of it a BandwidthClass may say, for a cluster. Committed.
 * - `annotations-policy.yaml` and `guarantees-policy.yaml` there: what an API server refuses and requests. Committed.
 * - `dra.yaml` there: what a cluster needs for claims of dynamic resource allocation. Committed.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { ownIpamTypes } from "../src/config/delegate.ts";
import { type Schema, schema } from "../src/config/schema.ts";
import { definitionText } from "./bandwidthclass.ts";
import { policyFiles } from "./policies.ts";

/** With its indentation and key it has to stay within the formatter's width of a line. */
const shortList = 70;

/** With another IPAM plugin the keys of `ipam` are that one's; the validator sees them only if they are ours. */
function published(): Schema {
  const delegated: Schema = {
    title: "Another IPAM plugin's",
    description: "A plugin in CNI_PATH, as host-local; all other keys are its own.",
    type: "object",
    properties: { type: { type: "string", not: { enum: ownIpamTypes } } },
    required: ["type"],
  };
  const { properties = {} } = schema;
  return {
    ...schema,
    properties: { ...properties, ipam: { anyOf: [properties.ipam ?? {}, delegated] } },
  };
}

/** Short lists on one line, as the formatter of the repository has them. */
export function schemaText(): string {
  const list = /\[\s+((?:"[^"\\]*",?\s+)+)\]/g;
  const text = JSON.stringify(published(), null, 2);
  const joined = text.replace(list, (apart: string, items: string) => {
    const line = `[${items.trim().replace(/\s+/g, " ")}]`;
    return line.length > shortList ? apart : line;
  });
  return `${joined}\n`;
}

export function validatorCode(): string {
  const ajv = new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    strict: true,
    // The words are ours (src/config/schema-errors.ts).
    messages: false,
    code: { source: true, esm: true, lines: true },
  });
  const code = standalone(ajv, ajv.compile(schema));
  // ajv writes require() into a module for the few keywords that need its runtime: the bundle must not grow by that unseen.
  if (/\brequire\(/.test(code))
    throw new Error("the compiled schema needs parts of ajv at run time");
  return code;
}

const validatorTypes = `import type { Validator } from "../validator.ts";
declare const validate: Validator;
export default validate;
`;

const root = join(import.meta.dirname, "..");

/** The page's files as a module of texts, so that they are in the executable. */
export async function pageCode(): Promise<string> {
  const folder = join(root, "src/ui/browser");
  const { success, outputs, logs } = await Bun.build({
    entrypoints: [join(folder, "main.ts")],
    target: "browser",
    minify: true,
    throw: false,
  });
  const [script] = outputs;
  if (!success || script === undefined) throw new AggregateError(logs, "it cannot be bundled");
  const textOf = (name: string): string => readFileSync(join(folder, name), "utf8");
  const files = {
    index: textOf("index.html"),
    refused: textOf("refused.html"),
    style: textOf("style.css"),
    icon: textOf("icon.svg"),
    script: await script.text(),
  };
  return `export const files = ${JSON.stringify(files, null, 2)};\n`;
}

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  // Another suite may read it at this moment.
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

export async function generate(): Promise<void> {
  write("src/config/generated/validate.js", validatorCode());
  write("src/config/generated/validate.d.ts", validatorTypes);
  write("src/ui/generated/files.ts", await pageCode());
  write("conf/fairway.schema.json", schemaText());
  // Helm reads no file from outside of its chart.
  const files = { "bandwidthclass.yaml": definitionText(), ...policyFiles() };
  for (const folder of ["conf/cluster", "charts/fairway/files"])
    for (const [name, text] of Object.entries(files)) write(`${folder}/${name}`, text);
}

if (import.meta.main) await generate();
