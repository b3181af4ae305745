/** Reads the lines that verbs which fell back have left (fell-back.ts). Pure. */
import { type FellBackReason, fellBackReasons } from "./fell-back.ts";

export interface Fallen {
  atMs: number;
  reason: FellBackReason;
  verb: string;
  /** How long the process lived; null means that an earlier version recorded it, which did not say. */
  tookMs: number | null;
}

const pattern = new RegExp(`^(\\d{1,12}) (${fellBackReasons.join("|")}) ([A-Z]+)(?: (\\d{1,9}))?$`);

/** null means that the line is no record. */
export function fallenIn(line: string): Fallen | null {
  const [, seconds, name, verb = "", tookMs] = pattern.exec(line) ?? [];
  const reason = fellBackReasons.find((each) => each === name);
  if (reason === undefined) return null;
  const took = tookMs === undefined ? null : Number(tookMs);
  return { atMs: Number(seconds) * 1000, reason, verb, tookMs: took };
}
