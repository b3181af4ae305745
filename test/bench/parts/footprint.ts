import { statSync } from "node:fs";
import { run } from "../../../src/prove/lab/run.ts";
import type { Part } from "../part.ts";
import { executeForMemory } from "../plugin.ts";
import type { Recorder } from "../result.ts";
import { inRounds, settle } from "../rounds.ts";
import { type Side, withSides } from "../side.ts";
import { verbSides } from "../verb-sides.ts";
import { verbs } from "./verbs.ts";

const MIB = 2 ** 20;

/** Bytes of a file that are in the page cache; null: it cannot be known here. */
function cachedBytes(file: string): number | null {
  if (Bun.which("fincore") === null) return null;
  const { code, stdout } = run(["fincore", "--bytes", "--noheadings", "--output", "RES", file]);
  return code === 0 ? Number(stdout.trim()) : null;
}

/**
 * Asks the kernel to forget these files' pages (POSIX_FADV_DONTNEED, by dd), and nothing else of the
 * machine's. False where pages stay: in use by others, or on a file system in memory.
 */
function forget(files: readonly string[]): boolean {
  return files.every((file) => {
    run(["dd", `if=${file}`, "iflag=nocache", "count=0"]);
    return cachedBytes(file) === 0;
  });
}

/** The largest process of each verb. */
function memory(side: Side, pod: ReturnType<Side["pod"]>, recorder: Recorder): void {
  for (const verb of verbs) {
    let mostMiB = 0;
    side.run(verb, pod, (execution, place) => {
      const ended = executeForMemory(execution, place);
      mostMiB = Math.max(mostMiB, ended.maxRssMiB ?? Number.NaN);
      return ended;
    });
    if (Number.isNaN(mostMiB)) recorder.note("memory: not measured, it needs perl and x86-64");
    else recorder.add(`${verb}: memory of the largest process`, side.name, "MiB", mostMiB);
  }
}

function coldAdd(side: Side, pod: ReturnType<Side["pod"]>, recorder: Recorder): void {
  if (forget(side.files))
    recorder.add("ADD, files not in memory", side.name, "ms", side.run("ADD", pod));
  else {
    recorder.note(`${side.name}: a cold start was not measured: its files stay in memory here`);
    side.run("ADD", pod);
  }
  side.run("DEL", pod);
}

export const footprintPart: Part = {
  id: "g",
  title: "Memory, size, and a cold start",
  method:
    "Memory is the most that the largest process of a verb had resident. A cold start is an ADD whose executables the kernel was asked to forget (all else of the machine stays in memory).",
  rounds: 10,
  quickRounds: 1,
  run: ({ builds, scratch, rounds, recorder, signal }) =>
    withSides(verbSides(builds), scratch, async (sides) => {
      const prepared = sides.map((side) => {
        const bytes = side.files.reduce((sum, file) => sum + statSync(file).size, 0);
        recorder.add("size on disk", side.name, "MiB", bytes / MIB);
        side.run("ADD", side.pod("first"));
        return { side, pod: side.pod("pod") };
      });
      await inRounds(prepared, { rounds, warmUps: 0, signal }, ({ side, pod }) => {
        memory(side, pod, recorder);
        settle();
        coldAdd(side, pod, recorder);
        settle();
      });
    }),
};
