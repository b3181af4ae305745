/** Figures and tables as the page has them. Pure. */
import type { Unit } from "./result.ts";

const digits: Record<Unit, number> = {
  ms: 1,
  us: 0,
  "Gbit/s": 2,
  "CPU s/GB": 3,
  MiB: 1,
  "%": 2,
  count: 0,
};

export const number = (value: number, unit: Unit): string =>
  value.toLocaleString("en-US", {
    minimumFractionDigits: digits[unit],
    maximumFractionDigits: digits[unit],
  });

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}
