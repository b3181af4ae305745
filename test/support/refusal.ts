/** What a call refuses, as the error that it throws; a test fails where it was accepted, or failed otherwise. */
import { FairwayError } from "../../src/errors.ts";

export function refusal(act: () => unknown): FairwayError {
  try {
    act();
  } catch (error) {
    if (error instanceof FairwayError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}
