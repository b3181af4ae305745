/** Keys, certificates and tokens of a cluster, and the files by which its parts and users get in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../src/prove/lab/run.ts";

export interface Keys {
  folder: string;
  ca: string;
  server: string;
  serverKey: string;
  /** For service accounts' tokens: who makes them, and who checks them. */
  accounts: string;
  accountsKey: string;
  tokens: string;
}

export interface User {
  name: string;
  token: string;
  groups: readonly string[];
}

export const admin: User = { name: "admin", token: "token-of-admin", groups: ["system:masters"] };

/** What a kubelet is to the API server: it may do what is its own node's. */
export const nodeUser = (node: string): User => ({
  name: `system:node:${node}`,
  token: `token-of-${node}`,
  groups: ["system:nodes"],
});

const elliptic = (file: string): void =>
  void must(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file]);

/** `names`: by which the API server is asked, "IP:198.18.0.1" or "DNS:kubernetes". */
export function makeKeys(folder: string, names: readonly string[], users: readonly User[]): Keys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(folder, name);
  const keys: Keys = {
    ...{ folder, ca: file("ca.crt"), server: file("server.crt"), serverKey: file("server.key") },
    ...{ accounts: file("accounts.pub"), accountsKey: file("accounts.key") },
    tokens: file("tokens.csv"),
  };
  const authority = file("ca.key");
  elliptic(authority);
  must([
    ...["openssl", "req", "-x509", "-new", "-key", authority, "-subj", "/CN=fairway-test"],
    ...["-days", "365", "-out", keys.ca],
  ]);
  elliptic(keys.serverKey);
  writeFileSync(file("server.ext"), `subjectAltName=${names.join(",")}\n`);
  must([
    ...["openssl", "req", "-new", "-key", keys.serverKey, "-subj", "/CN=kube-apiserver"],
    ...["-out", file("server.csr")],
  ]);
  must([
    ...["openssl", "x509", "-req", "-in", file("server.csr"), "-CA", keys.ca],
    ...["-CAkey", authority, "-CAcreateserial", "-days", "365", "-out", keys.server],
    ...["-extfile", file("server.ext")],
  ]);
  elliptic(keys.accountsKey);
  must(["openssl", "ec", "-in", keys.accountsKey, "-pubout", "-out", keys.accounts]);
  const lines = users.map(
    ({ name, token, groups }) => `${token},${name},${name},"${groups.join(",")}"\n`,
  );
  writeFileSync(keys.tokens, lines.join(""), { mode: 0o600 });
  return keys;
}

/** JSON is YAML, too. */
export function kubeconfigOf(url: string, ca: string, { name, token }: User): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: url, "certificate-authority": ca } }],
    users: [{ name, user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: name } }],
    "current-context": "test",
  });
}
