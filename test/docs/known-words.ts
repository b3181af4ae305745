/** Which commands, options, values of the chart and files a page names that there are not. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandNode, flat, treeOf } from "../../src/ops/completion/tree.ts";
import { program } from "../../src/ops/main.ts";
import { proveCommand } from "../../src/prove/command.ts";
import { chart } from "../chart/helm.ts";
import { repository } from "../support/binary.ts";
import { pageText } from "../support/pages.ts";

const root = treeOf(program());
const prove = treeOf(proveCommand());

/** `prove` hands its options to a program of its own. */
const nodeOf = (name: string, node: CommandNode): CommandNode | undefined =>
  node === root && name === "prove"
    ? prove
    : node.commands.find(({ path }) => path.at(-1) === name);

/** commander adds it to every command. */
const longsOf = (node: CommandNode): string[] => [
  ...node.options.map(({ long }) => long),
  "--help",
];

const everyOption = new Set([...flat(root), prove].flatMap(longsOf));

/** Where a command begins: at the start, behind a prompt, or after a sign that ends another. */
const begins = /(?:^|[|;&]|&&|\s--|[#$]|in_node|\()\s*((?:[\w./]*\/)?fairway(?:-full)?)(?=\s|$)/gm;

/** The words of one command, up to the next sign that ends it. */
const wordsAfter = (text: string): string[] =>
  (text.split(/[|;&)]|\n(?![ \t])/, 1)[0] ?? "").split(/\s+/).filter((word) => word !== "");

function unknownInCommand(words: readonly string[]): string[] {
  let node = root;
  let at = 0;
  for (; at < words.length; at++) {
    const next = nodeOf(words[at] ?? "", node);
    if (next === undefined) break;
    node = next;
  }
  const first = words[at] ?? "";
  if (node.commands.length > 0 && /^[a-z]/.test(first))
    return [`there is no command: fairway ${words.slice(0, at + 1).join(" ")}`];
  const known = longsOf(node);
  return words
    .flatMap((word) => /^--[a-z][a-z-]*/.exec(word)?.[0] ?? [])
    .filter((long) => !known.includes(long))
    .map((long) => `${node.path.join(" ")} has no ${long}`);
}

/**
 * Of commands of Fairway in a piece of code. Choices of a usage line (`a|b`) are no ends of a command. `kubectl
 * fairway` is `fairway kubectl`.
 */
export function unknownWords(code: string): string[] {
  const text = code
    .replaceAll("\\\n", " ")
    .replaceAll("\\|", " ")
    .replaceAll("kubectl fairway", "fairway kubectl");
  return [...text.matchAll(begins)].flatMap((found) =>
    unknownInCommand(
      wordsAfter(text.slice(found.index + found[0].length).replaceAll(/\b\|\b/g, "/")),
    ),
  );
}

/** Options of others that pages name. Each is that program's own affair. */
const others: Readonly<Record<string, string>> = {
  "--allocate-node-cidrs": "kube-controller-manager",
  "--pod-network-cidr": "kubeadm",
  "--register-with-taints": "kubelet",
  "--root-dir": "kubelet",
  "--config": "kube-scheduler, and Fairway",
  "--set": "Helm",
  "--reuse-values": "Helm",
  "--flannel-backend": "k3s",
  "--cni": "minikube",
  "--startup-taint": "the cluster autoscaler",
  "--compile": "Bun",
  "--compile-exec-argv": "Bun",
  "--preload": "Bun",
};

/** An option that stands by itself, as in a table: some command has it, or it is another program's. */
export function unknownOptions(code: string): string[] {
  const [, long = ""] = /^(--[a-z][a-z-]*)/.exec(code) ?? [];
  return long === "" || everyOption.has(long) || long in others
    ? []
    : [`there is no option ${long}`];
}

type Json = Record<string, unknown>;

const values = Bun.YAML.parse(readFileSync(join(chart, "values.yaml"), "utf8")) as Json;

function hasValue(path: string): boolean {
  let at: unknown = values;
  for (const key of path.replaceAll(/\[\d+\].*$/g, "").split(".")) {
    if (typeof at !== "object" || at === null) return false;
    // What is empty there is filled by whoever installs it.
    if (Object.keys(at).length === 0) return true;
    if (!Object.hasOwn(at, key)) return false;
    at = (at as Json)[key];
  }
  return true;
}

/** What `--set` is given for the chart. */
export function unknownValues(text: string): string[] {
  return [...text.matchAll(/--set '?([^\s'`]+)/g)]
    .flatMap(([, given = ""]) => given.split(/,(?=[\w.[\]]+=)/))
    .map((each) => each.split("=", 1)[0] ?? "")
    .filter((path) => !hasValue(path))
    .map((path) => `the chart has no value ${path}`);
}

/** Programs, samples and tests of the repository. */
export function missingFiles(text: string): string[] {
  const named = text.match(/(?<![\w/.-])(?:scripts|conf|test|charts|deploy)\/[\w./-]*\w/g) ?? [];
  return [...new Set(named)]
    .filter((path) => !existsSync(join(repository, path)))
    .map((path) => `there is no ${path}`);
}

/** Code within a line, and the blocks, of a page. */
export function codeIn(page: string): string[] {
  const text = pageText(page);
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  const plain = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  const spans = [...plain.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  return [...blocks, ...spans];
}
