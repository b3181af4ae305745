import { describe, expect, test } from "bun:test";
import { parseKubeconfig } from "../../src/kube/kubeconfig.ts";

type Json = Record<string, unknown>;

const server = "https://198.18.0.1:6443";

const config = (cluster: Json, user: Json): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "x",
    contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "kube-system" } }],
    clusters: [{ name: "c", cluster: { server, ...cluster } }],
    users: [{ name: "u", user }],
  });

test("a token, and a file with the authority beside the kubeconfig", () => {
  expect(
    parseKubeconfig(config({ "certificate-authority": "ca.crt" }, { token: "t" }), "/etc/k"),
  ).toEqual({
    server,
    ca: { from: "file", file: "/etc/k/ca.crt" },
    token: { from: "text", text: "t" },
    certificate: null,
    key: null,
  });
});

test("a client certificate as data, in YAML", () => {
  const data = Buffer.from("PEM").toString("base64");
  const yaml = `
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters:
- name: c
  cluster:
    server: ${server}/
    certificate-authority-data: ${data}
users:
- name: u
  user: {client-certificate-data: ${data}, client-key-data: ${data}}
`;
  const pem = { from: "text", text: "PEM" } as const;
  expect(parseKubeconfig(yaml, "/")).toEqual({
    server,
    ca: pem,
    token: null,
    certificate: pem,
    key: pem,
  });
});

test("a file with a token goes before a token", () => {
  const { token } = parseKubeconfig(config({}, { token: "old", tokenFile: "/run/t" }), "/");
  expect(token).toEqual({ from: "file", file: "/run/t" });
});

describe("is refused in words", () => {
  test.each<[string, string, string]>([
    ["what is no YAML", "a: [", "not YAML"],
    ["a list", "- a", "not an object"],
    ["no current context", "{}", "current-context"],
    ["a context that is not there", '{"current-context": "y"}', 'context "y"'],
    ["an exec plugin", config({}, { exec: { command: "aws" } }), "exec"],
    ["an auth provider", config({}, { "auth-provider": {} }), "auth-provider"],
    ["a password", config({}, { username: "a", password: "b" }), "password"],
    ["somebody else's name", config({}, { token: "t", as: "admin" }), '"as"'],
    [
      "TLS without a look",
      config({ "insecure-skip-tls-verify": true }, { token: "t" }),
      "insecure-skip",
    ],
    ["a proxy", config({ "proxy-url": "http://p" }, { token: "t" }), "proxy-url"],
    ["another name in TLS", config({ "tls-server-name": "x" }, { token: "t" }), "tls-server-name"],
    [
      "a token in the clear",
      config({ server: "http://198.18.0.1" }, { token: "t" }),
      "http://198.18.0.1",
    ],
    ["no server", config({ server: "" }, { token: "t" }), "null"],
    ["nobody", config({}, {}), "neither a token"],
    ["a certificate without its key", config({}, { "client-certificate": "a" }), "only one"],
    ["a token that is a number", config({}, { token: 5 }), "not a text"],
    [
      "data that is no base64",
      config({ "certificate-authority-data": "!" }, { token: "t" }),
      "base64",
    ],
  ])("%s", (_, text, words) => {
    expect(() => parseKubeconfig(text, "/")).toThrow(words);
  });
});

test("http is taken on the loopback interface", () => {
  const { server: found } = parseKubeconfig(
    config({ server: "http://127.0.0.1:8001" }, { token: "t" }),
    "/",
  );
  expect(found).toBe("http://127.0.0.1:8001");
});
