/**
 * The definition of BandwidthClass, made of the configuration's own schema: what a class may say of a key is what
 * the configuration may. scripts/generate.ts writes it.
 */
import { classKeys, classResource } from "../src/cluster/class-object.ts";
import { publishings, usualPublishing } from "../src/cluster/schedulable.ts";
import { type Schema, schema } from "../src/config/schema.ts";

type Json = Record<string, unknown>;

/** A longer one would be told to nobody. */
const described = ({ title, description }: Schema): Json => ({
  description: `${title}. ${description}`,
});

/**
 * As the API takes it ("structural"): no union of types but that of numbers and texts, and no prohibition of
 * other keys, which kubectl refuses by itself.
 */
function structural(of: Schema): Json {
  if (Array.isArray(of.type)) {
    // A quantity may be written as a number.
    return {
      ...described(of),
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
    };
  }
  const { properties, additionalProperties: others } = of;
  return {
    ...described(of),
    type: of.type,
    ...(of.enum && { enum: of.enum }),
    ...(of.minimum !== undefined && { minimum: of.minimum }),
    ...(of.maximum !== undefined && { maximum: of.maximum }),
    ...(of.minItems !== undefined && { minItems: of.minItems }),
    ...(of.required && { required: of.required }),
    ...(of.items && { items: structural(of.items) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, each]) => [key, structural(each)]),
      ),
    }),
    ...(typeof others === "object" && { additionalProperties: structural(others) }),
  };
}

function schemaAt(path: readonly string[]): Schema {
  return path.reduce<Schema>((of, key) => {
    const next = of.properties?.[key];
    if (next === undefined) throw new RangeError(`the configuration has no ${path.join(".")}`);
    return next;
  }, schema);
}

const values = Object.fromEntries(
  Object.entries(classKeys).map(([key, path]) => [key, structural(schemaAt(path))]),
);

const spec = {
  type: "object",
  description:
    "What is put into the configuration of the nodes that it selects. What is left out stays as the node has it.",
  properties: {
    nodeSelector: {
      type: "object",
      description: "The labels that a node has to have. Without any it selects every node.",
      additionalProperties: { type: "string" },
    },
    priority: {
      type: "integer",
      description:
        "Of several that select a node the highest holds. Where two are equal, nothing is changed on that node.",
      default: 0,
    },
    // It is about the cluster's scheduler, so no configuration of a node has it.
    publish: {
      type: "string",
      description:
        "How the scheduler is told what the nodes can promise: as extended resources of the Node, as devices of dynamic resource allocation, or half of it each way.",
      enum: publishings,
      default: usualPublishing,
    },
    ...values,
  },
};

const [group = "", version = ""] = classResource.apiVersion.split("/");

const column = (name: string, type: string, jsonPath: string): Json => ({ name, type, jsonPath });

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `bandwidthclasses.${group}` },
  spec: {
    group,
    scope: "Cluster",
    names: {
      kind: classResource.kind,
      listKind: `${classResource.kind}List`,
      plural: "bandwidthclasses",
      singular: "bandwidthclass",
    },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        additionalPrinterColumns: [
          column("Priority", "integer", ".spec.priority"),
          column("Egress", "string", ".spec.egressCapacity"),
          column("Ingress", "string", ".spec.ingressCapacity"),
          column("Default-Tier", "string", ".spec.defaultTier"),
          column("Age", "date", ".metadata.creationTimestamp"),
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            description:
              "What the nodes of a pool can promise, and the tiers that their pods may pick (docs/cluster.md).",
            required: ["spec"],
            properties: {
              apiVersion: { type: "string" },
              kind: { type: "string" },
              metadata: { type: "object" },
              spec,
            },
          },
        },
      },
    ],
  },
};

export const definitionText = (): string =>
  `# Written by scripts/generate.ts, from the configuration's schema.\n${Bun.YAML.stringify(definition, null, 2)}\n`;
