/** What the calls of a row came to. Whoever runs a row keeps one, and the world writes to it. */
import { AsyncLocalStorage } from "node:async_hooks";

export interface Transcript {
  /** Each in words (answers.ts). */
  answers: string[];
  /** How many of the calls the agent answered. */
  served: number;
  /** Why others of them were left to a process of the verb's own. */
  fellBack: string[];
}

/** Rows run beside each other on one node. */
export const transcripts = new AsyncLocalStorage<Transcript>();

export const emptyTranscript = (): Transcript => ({ answers: [], served: 0, fellBack: [] });
