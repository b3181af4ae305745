/** A row of the conformance suite: what is sent, what has to come back, and the sentence that says so. */
import type { SentenceName } from "./sentences.ts";
import type { Call, Json, World } from "./world.ts";

export const verbs = ["any", "ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"] as const;

interface About {
  /** "add/interface-exists": unique, and what the page and the record of faults name it by. */
  id: string;
  verb: (typeof verbs)[number];
  sentence: SentenceName;
  /** In words, for the page. */
  sent: string;
}

/** Absent: nothing is asked of it. */
export interface Answer {
  /** The `code` of the error; null: it succeeds. */
  code: number | null;
  /** All of them are in `msg`. */
  msg?: RegExp[];
  details?: RegExp;
  /** What is printed; "nothing" is no byte. An error is always one JSON object. */
  stdout?: "nothing" | Json;
  /** The version that an error answers in; default: the configuration's. */
  cniVersion?: string;
}

/** Calls that change nothing, judged by the same answer. The whole node is compared before and after. */
export interface StillRow extends About, Answer {
  kind: "still";
  calls: Call[];
}

/** What has steps of its own. `alone`: nothing else may happen on the node meanwhile. */
export interface StoryRow extends About {
  kind: "story";
  /** In words, for the page. */
  expected: string;
  alone?: boolean;
  run: (world: World) => Promise<void> | void;
}

export type Row = StillRow | StoryRow;

export const expectedOf = (row: Row): string => {
  if (row.kind === "story") return row.expected;
  if (row.code === null)
    return row.stdout === "nothing" ? "success, no output" : "success, nothing changed";
  const says = (row.msg ?? []).map((pattern) => `/${pattern.source}/`).join(", ");
  return `error ${row.code}${says === "" ? "" : `, msg ${says}`}; nothing changed`;
};

/** Stories of one verb, by what differs between them. */
export const storiesOf =
  (verb: StoryRow["verb"]) =>
  (
    id: string,
    sentence: StoryRow["sentence"],
    sent: string,
    expected: string,
    run: StoryRow["run"],
    alone = false,
  ): StoryRow => ({
    kind: "story",
    id: `${verb.toLowerCase()}/${id}`,
    verb,
    sentence,
    sent,
    expected,
    run,
    alone,
  });
