/** What is printed for bash is read by a real bash; every command and option stands in each of the three. */
import { describe, expect, test } from "bun:test";
import { runChild } from "../../../src/ops/child.ts";
import { completionScript } from "../../../src/ops/completion/scripts.ts";
import { flat, treeOf } from "../../../src/ops/completion/tree.ts";
import { program } from "../../../src/ops/main.ts";

const root = treeOf(program());

/** The last word is the one that is being written. */
function completed(...words: string[]): string[] {
  const script = `${completionScript("bash", root)}
COMP_WORDS=(fairway "$@") COMP_CWORD=$#
_fairway
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = runChild(["bash", "-c", script, "bash", ...words], {
    timeoutMs: 10_000,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter((word) => word !== "");
}

describe("bash completes", () => {
  test.each([
    [["stat"], ["status"]],
    [["set"], ["set", "set-capacity"]],
    [["ipam", "li"], ["list"]],
    [["status", "--no"], ["--no-measure"]],
    [
      ["status", "--sort", ""],
      ["trouble", "name", "rate", "delay"],
    ],
    [["status", "--sort", "ra"], ["rate"]],
    [["status", "--interval", ""], []],
    [["status", "--config", "/etc/host"], expect.arrayContaining(["/etc/hosts"])],
    [["completion", "z"], ["zsh"]],
    [["nonsense", "stat"], ["status"]],
  ])("%j", (words, found) => {
    expect(completed(...words)).toEqual(found);
  });
});

test.each(["bash", "zsh", "fish"] as const)("%s has every command and option", (shell) => {
  const script = completionScript(shell, root);
  const lines = script.split("\n");
  for (const { path, options } of flat(root)) {
    const own =
      shell === "fish"
        ? lines.filter((line) => path.slice(1).every((name) => line.includes(` ${name}`)))
        : lines.filter((line) => line.includes(`"${path.join(" ")}"`));
    expect(own).not.toEqual([]);
    for (const { long } of options) {
      const written = shell === "fish" ? ` -l ${long.slice(2)} ` : ` ${long}`;
      const found = own.some((line) => line.includes(written) || line.includes(`"${long}`));
      expect({ path, long, found }).toEqual({ path, long, found: true });
    }
  }
});

test("fish gets a quote as one", () => {
  const odd = { path: ["fairway"], operands: "", choices: null, options: [], commands: [] };
  const below = { ...odd, path: ["fairway", "x"], description: "a node's \\ own" };
  const text = completionScript("fish", { ...odd, description: "", commands: [below] });
  expect(text).toContain(" -d 'a node\\'s \\\\ own'");
});
