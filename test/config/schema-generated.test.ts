import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { schemaText, validatorCode } from "../../scripts/generate.ts";
import { type Schema, schema } from "../../src/config/schema.ts";

const root = join(import.meta.dirname, "../..");

test("conf/fairway.schema.json is the schema", () => {
  expect(readFileSync(join(root, "conf/fairway.schema.json"), "utf8")).toBe(schemaText());
});

test("the compiled validator is that of the schema", () => {
  expect(readFileSync(join(root, "src/config/generated/validate.js"), "utf8")).toBe(
    validatorCode(),
  );
});

test("the parser bundles, without ajv", async () => {
  const entry = join(root, "src/promise/network-config.ts");
  const { success, outputs } = await Bun.build({ entrypoints: [entry], target: "bun" });
  expect(success).toBe(true);
  const [bundle] = outputs;
  const text = await bundle?.text();
  expect(text).toContain("parseNetworkConfig");
  expect(text).not.toContain("node_modules/ajv");
});

test("every key has a title and a description", () => {
  const undescribed = (node: Schema, place: string): string[] => {
    const named = Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
      undescribed(child, `${place}.${key}`),
    );
    const inner = [node.items, node.additionalProperties].flatMap((child) =>
      typeof child === "object" ? undescribed(child, `${place}[]`) : [],
    );
    return [...(node.title && node.description ? [] : [place]), ...named, ...inner];
  };
  expect(undescribed(schema, "")).toEqual([]);
});
