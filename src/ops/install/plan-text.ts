/** Plans a file of ours that is text. It touches nothing. */
import fs from "node:fs";
import { entryAt, type FileStep } from "./files.ts";

export function planText(path: string, text: string, mode: number): FileStep[] {
  const found = entryAt(path);
  if (found.kind === "file" && fs.readFileSync(path, "utf8") === text) return [];
  const verb = found.kind === "absent" ? "write" : "replace";
  return [{ op: "write", path, mode, content: { text }, words: `${verb} ${path}` }];
}
