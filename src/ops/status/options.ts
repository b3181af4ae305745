/** The options of `status` and `top`. */
import { parseDurationUs } from "../../config/quantities.ts";
import type { CommonOptions } from "../context.ts";
import type { SortKey } from "./class-rows.ts";

export const defaultInterval = "1s";
/** Shorter ones would hold too few looks, longer ones belong into a monitoring system. */
const shortestMs = 100;
const longestMs = 600_000;

export interface StatusOptions extends CommonOptions {
  json?: boolean;
  wide?: boolean;
  sort: SortKey;
  pod?: string;
  namespace?: string;
  /** Milliseconds; 0 means that nothing is measured. */
  interval: number;
  /** It is false with --no-measure. */
  measure: boolean;
  watch?: boolean;
  /** null means that it goes on until it is stopped. */
  count: number | null;
}

/**
 * Reads a duration with its unit, or a number of seconds. 0 means not to measure. The result is in
 * milliseconds.
 */
export function parseInterval(text: string): number {
  const ms = parseDurationUs(/^[\d.]+$/.test(text) ? `${text}s` : text, "--interval") / 1000;
  if (ms === 0 || (ms >= shortestMs && ms <= longestMs)) return ms;
  throw new Error(`${text} is neither 0 nor from ${shortestMs}ms to ${longestMs / 1000}s`);
}

export function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new Error(`${text} is not a whole number above 0`);
}
