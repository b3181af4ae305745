/** What pages for users name is there: commands, options, values of the chart, files of the repository. */
import { describe, expect, test } from "bun:test";
import { userPages } from "../support/page.ts";
import { pageText } from "../support/pages.ts";
import {
  codeIn,
  missingFiles,
  unknownOptions,
  unknownValues,
  unknownWords,
} from "./known-words.ts";

describe("there is everything that it names", () => {
  test.each(userPages)("%s", (page) => {
    const code = codeIn(page);
    expect(code.flatMap(unknownWords)).toEqual([]);
    expect(code.flatMap(unknownOptions)).toEqual([]);
    expect(unknownValues(pageText(page))).toEqual([]);
    expect(missingFiles(pageText(page))).toEqual([]);
  });
});

describe("what is not there is found", () => {
  test.each([
    ["a command", unknownWords("fairway explode --json"), "there is no command: fairway explode"],
    ["a command below one", unknownWords("$ fairway ipam lose"), "fairway ipam lose"],
    ["by kubectl", unknownWords("$ kubectl fairway explode"), "no command: fairway kubectl"],
    ["an option", unknownWords("fairway status --wyde"), "fairway status has no --wyde"],
    ["of another command", unknownWords("x; dist/fairway top --subnet x"), "top has no --subnet"],
    ["on the next line", unknownWords("fairway install \\\n  --sub x"), "install has no --sub"],
    ["of prove", unknownWords("fairway prove --fast"), "fairway prove has no --fast"],
    ["an option alone", unknownOptions("--metrics-listne ADDR"), "there is no option --metrics-"],
    ["a value of the chart", unknownValues("--set network.speed=1"), "no value network.speed"],
    ["the second of two", unknownValues("--set routes=off,a.b=1"), "no value a.b"],
    ["a file", missingFiles("run scripts/nope and scripts/build"), "there is no scripts/nope"],
  ])("%s", (_, found, says) => {
    expect(found).toEqual([expect.stringContaining(says)]);
  });
});
