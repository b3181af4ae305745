/** Every link of the documents leads to something: a file of the repository, and a heading in it. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { repository } from "../support/binary.ts";

const pages = ["*.md", "docs/**/*.md", "src/**/*.md", ".github/**/*.md"].flatMap((pattern) => [
  ...new Bun.Glob(pattern).scanSync({ cwd: repository, dot: true }),
]);

const textOf = (page: string): string => readFileSync(join(repository, page), "utf8");

/** Neither code blocks nor code in a line hold links. */
const withoutCode = (text: string): string =>
  text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "``");

/** As a forge makes them of headings: small letters, words joined by hyphens, other signs left out. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );

function brokenLinks(page: string): string[] {
  const text = textOf(page);
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
  return links.flatMap((to) => {
    if (/^[a-z]+:/.test(to)) return [];
    const [path = "", anchor] = to.split("#");
    const target = path === "" ? page : relative(repository, join(repository, dirname(page), path));
    if (!existsSync(join(repository, target))) return [`${page}: ${to}: there is no such file`];
    if (anchor === undefined || statSync(join(repository, target)).isDirectory()) return [];
    return anchorsOf(textOf(target)).has(anchor)
      ? []
      : [`${page}: ${to}: there is no such heading`];
  });
}

test("no link of a document leads nowhere", () => {
  expect(pages.length).toBeGreaterThan(40);
  expect(pages.flatMap(brokenLinks)).toEqual([]);
});

/** What the sources cite is there, too: a reader follows it from the code. */
test("no page that the code names is missing", () => {
  const sources = ["src/**/*.ts", "bin/*.ts", "test/**/*.ts", "scripts/*"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync(repository),
  ]);
  const missing = sources.flatMap((source) =>
    [...textOf(source).matchAll(/\bdocs\/[\w./-]+\.md\b/g)]
      .filter(([path]) => !existsSync(join(repository, path)))
      .map(([path]) => `${source}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test("the architecture is a page that is read in five minutes: at most 900 words, and one picture", () => {
  const text = readFileSync(join(repository, "docs/architecture.md"), "utf8");
  expect(text.split(/\s+/).length).toBeLessThanOrEqual(900);
  expect(text.match(/^```/gm)?.length).toBe(2);
});
