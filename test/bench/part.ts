/** What every part of the bench is given, and how it is run. */
import type { Recorder } from "./result.ts";
import type { Builds } from "./sides.ts";

export interface PartContext {
  builds: Builds;
  /** A folder on a disk, gone after the part. */
  scratch: string;
  rounds: number;
  /** So little that nothing can be said of it: to see that the bench works. */
  quick: boolean;
  recorder: Recorder;
  signal: AbortSignal;
  progress(text: string): void;
}

export interface Part {
  id: string;
  title: string;
  /** How it was measured, for the page. */
  method: string;
  rounds: number;
  quickRounds: number;
  run(context: PartContext): Promise<void>;
}
