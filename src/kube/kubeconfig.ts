/** Reads a kubeconfig file: which API server, and by what means one is known to it. Pure. */
import { isAbsolute, join } from "node:path";
import { FairwayError, orFail } from "../errors.ts";
import { isObject, type Json } from "./objects.ts";

/** Something that stands in the kubeconfig itself, or in a file that it names. */
export type Material = { from: "text"; text: string } | { from: "file"; file: string };

/** How the API server is reached. What is null is not used. */
export interface Described {
  /** Without a slash at its end. */
  server: string;
  ca: Material | null;
  token: Material | null;
  certificate: Material | null;
  key: Material | null;
}

const wrong = (what: string, advice: string): FairwayError =>
  new FairwayError("badConfig", `the kubeconfig ${what}`, advice);

/** What may stand there and changes nothing of how the API server is reached. */
const idle = ["extensions", "disable-compression", "namespace"];

const clusterKeys = ["server", "certificate-authority", "certificate-authority-data"];
const userKeys = [
  "token",
  "tokenFile",
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
];

/** A key that is not known may be the one by which somebody is known to the API server. */
function refuseOthers(object: Json, known: readonly string[], where: string): void {
  const others = Object.keys(object).filter((key) => ![...known, ...idle].includes(key));
  if (others.length === 0) return;
  throw wrong(
    `has ${others.map((key) => JSON.stringify(key)).join(", ")} in ${where}, which the agent does not use`,
    `known are ${known.join(", ")}: give a token, a tokenFile or a client certificate of the agent's own, and https with a certificate-authority`,
  );
}

function textAt(object: Json, key: string, where: string): string | null {
  const value = object[key];
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "string") return value;
  throw wrong(`has a ${key} in ${where} that is not a text`, "write it as a text");
}

/** The entry of a list ("clusters") by its name. */
function named(config: Json, list: string, name: string, part: string): Json {
  const entries = Array.isArray(config[list]) ? config[list] : [];
  const entry = entries.filter(isObject).find((each) => each.name === name);
  const value = entry?.[part];
  if (isObject(value)) return value;
  throw wrong(
    `has no ${part} ${JSON.stringify(name)} in ${list}`,
    "see kubectl config view; the current-context names a context, and that a cluster and a user",
  );
}

function decoded(base64: string, key: string): string {
  const text = Buffer.from(base64, "base64").toString("utf8");
  if (text !== "") return text;
  throw wrong(`has a ${key} that is not base64`, "kubectl config view --raw shows it");
}

/** `key` names a file, `key`-data is the thing itself, which goes first as it does with kubectl. */
function material(object: Json, key: string, where: string, folder: string): Material | null {
  const data = textAt(object, `${key}-data`, where);
  if (data !== null) return { from: "text", text: decoded(data, `${key}-data`) };
  return fileAt(object, key, where, folder);
}

function fileAt(object: Json, key: string, where: string, folder: string): Material | null {
  const file = textAt(object, key, where);
  if (file === null) return null;
  return { from: "file", file: isAbsolute(file) ? file : join(folder, file) };
}

const loopback = ["127.0.0.1", "[::1]", "localhost"];

/** A token that is sent in the clear belongs to whoever listens. */
function serverIn(cluster: Json, where: string): string {
  const text = textAt(cluster, "server", where);
  const url = text === null ? null : URL.parse(text);
  const isSafe = url?.protocol === "https:" || loopback.includes(url?.hostname ?? "");
  if (url !== null && isSafe && ["https:", "http:"].includes(url.protocol) && url.username === "")
    return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  throw wrong(
    `has the server ${JSON.stringify(text)} in ${where}, which is not https://HOST:PORT`,
    "http is taken only on the node's own loopback",
  );
}

/** `folder` is that of the file, from which the files that it names are looked for. Throws badConfig. */
export function parseKubeconfig(text: string, folder: string): Described {
  const config = orFail("badConfig", "the kubeconfig is not YAML", "see kubectl config view", () =>
    Bun.YAML.parse(text),
  );
  if (!isObject(config)) throw wrong("is not an object", "see kubectl config view");
  const current = textAt(config, "current-context", "the file");
  if (current === null)
    throw wrong("has no current-context", "kubectl config use-context NAME sets it");
  const context = named(config, "contexts", current, "context");
  const [clusterName, userName] = [
    textAt(context, "cluster", "the context") ?? "",
    textAt(context, "user", "the context") ?? "",
  ];
  const cluster = named(config, "clusters", clusterName, "cluster");
  const user = named(config, "users", userName, "user");
  const [inCluster, inUser] = [`cluster ${clusterName}`, `user ${userName}`];
  refuseOthers(cluster, clusterKeys, inCluster);
  refuseOthers(user, userKeys, inUser);
  const token = textAt(user, "token", inUser);
  const described: Described = {
    server: serverIn(cluster, inCluster),
    ca: material(cluster, "certificate-authority", inCluster, folder),
    // As with kubectl, a file goes before a text, since somebody keeps it fresh.
    token:
      fileAt(user, "tokenFile", inUser, folder) ??
      (token === null ? null : { from: "text", text: token }),
    certificate: material(user, "client-certificate", inUser, folder),
    key: material(user, "client-key", inUser, folder),
  };
  if ((described.certificate === null) !== (described.key === null))
    throw wrong(
      `has only one of client-certificate and client-key in ${inUser}`,
      "give both, or neither",
    );
  if (described.token === null && described.certificate === null)
    throw wrong(
      `has neither a token nor a client certificate in ${inUser}`,
      "give one: nobody is known to an API server without",
    );
  return described;
}
