/**
 * The policies that an API server judges and changes pods by, made of the plugin's own constants (src/admission/policy).
 * scripts/generate.ts writes them.
 */

import { refusingMistakes } from "../src/admission/policy/annotations.ts";
import { fromAnnotations, fromTiers, type Mutating } from "../src/admission/policy/guarantees.ts";
import { classResource } from "../src/cluster/class-object.ts";
import { draManifests } from "./dra-manifests.ts";
import { type Json, rule, withBinding } from "./policy-objects.ts";

const written = ["CREATE", "UPDATE"];

function validating(): Json[] {
  const { variables, expression, messageExpression, message } = refusingMistakes();
  const spec = {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        rule("", ["pods", "podtemplates", "replicationcontrollers"], written),
        rule("apps", ["daemonsets", "deployments", "replicasets", "statefulsets"], written),
        rule("batch", ["cronjobs", "jobs"], written),
      ],
    },
    variables,
    validations: [{ expression, message, messageExpression }],
  };
  return withBinding("ValidatingAdmissionPolicy", "fairway-annotations", spec, {
    validationActions: ["Deny"],
  });
}

function mutating(
  name: string,
  { matchConditions, variables, mutation }: Mutating,
  more: Json,
  binding: Json,
): Json[] {
  const spec = {
    ...more,
    reinvocationPolicy: "IfNeeded",
    matchConstraints: { resourceRules: [rule("", ["pods"], ["CREATE"])] },
    matchConditions,
    variables,
    mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: mutation } }],
  };
  return withBinding("MutatingAdmissionPolicy", name, spec, binding);
}

const { apiVersion, kind } = classResource;

/** The class whose tiers are counted; the chart writes another name here. */
export const usualClass = "default";

const mutatingPolicies = (): Json[] => [
  ...mutating("fairway-guarantees", fromAnnotations(), { failurePolicy: "Fail" }, {}),
  // Without the kind BandwidthClass this policy cannot be evaluated, and no pod is to wait for that.
  ...mutating(
    "fairway-tiers",
    fromTiers(),
    { failurePolicy: "Ignore", paramKind: { apiVersion, kind } },
    { paramRef: { name: usualClass, parameterNotFoundAction: "Allow" } },
  ),
];

const width = 120;

/** A long expression as lines. The reader puts a space between lines, so a line ends where a single one was. */
function folded(indent: string, text: string): string {
  const lines = [""];
  for (const word of text.split(/(?<! ) (?! )/)) {
    const last = lines.at(-1) ?? "";
    const joined = last === "" ? word : `${last} ${word}`;
    if (last === "" || indent.length + joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines.map((line) => `${indent}${line}`).join("\n");
}

/** Bun writes a text on one line, however long it is. */
function yamlOf(object: Json): string {
  const plain = Bun.YAML.stringify(object, null, 2);
  return plain.replace(
    /^( *)(- )?(expression|messageExpression): (.*)$/gm,
    (whole, spaces: string, dash: string | undefined, key: string, value: string) => {
      if (whole.length <= width) return whole;
      const { x } = Bun.YAML.parse(`x: ${value}`) as { x: string };
      const inner = `${spaces}${dash === undefined ? "" : "  "}  `;
      return `${spaces}${dash ?? ""}${key}: >-\n${folded(inner, x)}`;
    },
  );
}

const headerOf = (source: string): string =>
  `# Written by scripts/generate.ts, from the plugin's own constants (${source}).\n`;

const documents = (objects: readonly Json[], source = "src/admission/policy"): string =>
  `${headerOf(source)}${objects.map((each) => `${yamlOf(each).trimEnd()}\n`).join("---\n")}`;

/** The files by their names. */
export const policyFiles = (): Record<string, string> => ({
  "annotations-policy.yaml": documents(validating()),
  "guarantees-policy.yaml": documents(mutatingPolicies()),
  "dra.yaml": documents(draManifests(), "src/dra/names.ts"),
});
