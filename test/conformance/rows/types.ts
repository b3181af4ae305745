/** For each key of the published schema wrong types, and for each text a NUL. */
import schemaFile from "../../../conf/fairway.schema.json";
import type { Row, StillRow } from "../row.ts";
import type { Call, Json } from "../world.ts";

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
}

/** From the top: a key of an object, or a place in a list. */
type Path = (string | number)[];

interface Place {
  path: Path;
  node: Schema;
}

/** What a name that the operator chooses is in these rows; each is in `whole`. */
const chosen: Record<string, string> = {
  hostClasses: "ssh",
  tiers: "gold",
  "policy.namespaces": "shop",
  "ipam.pools": "web",
};

/** A configuration that is right, with every place for a key in it. */
const whole: Json = {
  ipam: {
    ranges: [[{ subnet: "198.19.1.0/24" }]],
    exclude: ["198.19.1.9"],
    routes: [{ dst: "0.0.0.0/0" }],
    pools: { web: ["198.19.1.64/28"] },
  },
  ipMasqExcept: ["198.18.0.0/16"],
  tiers: { gold: { egressGuarantee: "1M" } },
  hostClasses: { ssh: { ports: [22], egressGuarantee: "1M" } },
  policy: {
    default: { annotations: ["*"], tiers: ["*"] },
    namespaces: { shop: { annotations: ["*"], tiers: ["*"] } },
  },
  dns: { nameservers: ["198.18.0.53"], search: ["a.example"], options: ["ndots:5"] },
};

const nameOf = (path: Path): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");

function places({ path, node }: Place): Place[] {
  const inner = Object.entries(node.properties ?? {}).map(([key, child]) => ({
    path: [...path, key],
    node: child,
  }));
  const named = chosen[nameOf(path)];
  if (typeof node.additionalProperties === "object" && named !== undefined)
    inner.push({ path: [...path, named], node: node.additionalProperties });
  if (node.items !== undefined) inner.push({ path: [...path, 0], node: node.items });
  return [...(path.length === 0 ? [] : [{ path, node }]), ...inner.flatMap(places)];
}

/** `value` at `path` in a copy of `root`. */
function put(root: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value;
  if (typeof first === "number") {
    const list = Array.isArray(root) ? [...(root as unknown[])] : [];
    list[first] = put(list[first], rest, value);
    return list;
  }
  const object = (root ?? {}) as Json;
  return { ...object, [first]: put(object[first], rest, value) };
}

const samples: [string, unknown][] = [
  ["string", "x"],
  ["number", 7.5],
  ["integer", 7],
  ["boolean", true],
  ["object", { x: 1 }],
  ["array", ["x"]],
  ["null", null],
];

const wrongs = 2;

/** Some of the types that it cannot have: they go round, so that over all keys each is asked. */
function wrongValues({ type }: Schema, index: number): unknown[] {
  const right = [type ?? "object"].flat();
  if (right.includes("number")) right.push("integer");
  const wrong = samples.filter(([name]) => !right.includes(name)).map(([, value]) => value);
  return Array.from({ length: wrongs }, (_, at) => wrong[(index * wrongs + at) % wrong.length]);
}

/** Where the top of the configuration is put together with what every row has. */
function callWith(path: Path, value: unknown): Call {
  const [top] = path;
  return {
    command: "ADD",
    config: { ...whole, [String(top)]: put(whole[String(top)], path.slice(1), value) },
  };
}

/** The identity has rules of its own, before the schema; it is in other rows. */
const identity = ["name", "cniVersion"];
const all = places({ path: [], node: schemaFile as Schema }).filter(
  ({ path }) => !identity.includes(nameOf(path)),
);

const escaped = (key: string): string => key.replace(/[.[\]*/]/g, "\\$&");

function wrongTypes({ path, node }: Place, index: number): StillRow {
  const key = nameOf(path);
  const values = wrongValues(node, index);
  return {
    kind: "still",
    id: `type/${key}`,
    verb: "ADD",
    sentence: "code7",
    sent: `${key}: of a type that it cannot have: ${values.map((v) => JSON.stringify(v)).join(", ")}`,
    calls: values.map((value) => callWith(path, value)),
    code: 7,
    msg: [new RegExp(`(^|; )${escaped(key)}: `)],
  };
}

/** What goes on untouched: the runtime's own, and names that are only looked up. */
const free = [
  "type",
  "policy.namespaces",
  "dns.domain",
  "dns.nameservers[0]",
  "dns.search[0]",
  "dns.options[0]",
];

function nulText({ path }: Place): StillRow {
  const key = nameOf(path);
  return {
    kind: "still",
    id: `nul/${key}`,
    verb: "ADD",
    sentence: "code7",
    sent: `${key}: a text with a NUL (\\u0000) in it`,
    calls: [callWith(path, "198.19.1.0/24\0")],
    code: 7,
    msg: [new RegExp(escaped(key))],
  };
}

const texts = all.filter(
  ({ path, node }) => [node.type ?? []].flat().includes("string") && !free.includes(nameOf(path)),
);

const nulNames: Row[] = Object.entries(chosen).map(([key, name]): StillRow => {
  const path = key.split(".");
  const value = path.reduce<unknown>((node, part) => (node as Json)[part], whole) as Json;
  return {
    kind: "still",
    id: `nul/${key}.NAME`,
    verb: "ADD",
    sentence: "code7",
    sent: `${key}: a name with a NUL (\\u0000) in it`,
    calls: [callWith(path, { ...value, [`${name}\0`]: value[name] })],
    code: 7,
    msg: [new RegExp(escaped(key))],
  };
});

export const typeRows: Row[] = [...all.map(wrongTypes), ...texts.map(nulText), ...nulNames];
