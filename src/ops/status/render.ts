/** Writes `status` for a person: brief, or wide where that was asked for. */
import { renderBrief } from "./brief.ts";
import type { SortKey } from "./class-rows.ts";
import type { NodeStatus } from "./model.ts";
import type { Columns } from "./text-table.ts";
import { renderWide } from "./wide.ts";

export interface Rendering {
  columns: Columns;
  colour: boolean;
  wide?: boolean | undefined;
  sort: SortKey;
}

export const render = (status: NodeStatus, { wide, ...look }: Rendering): string =>
  wide === true ? renderWide(status, look.sort) : renderBrief(status, look);

/** Colour is for a terminal that can show it, unless NO_COLOR says otherwise (https://no-color.org). */
export const wantsColour = (
  isTTY: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean => isTTY && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";

/** What standard output can show. */
export function stdoutLook(): { columns: Columns; colour: boolean } {
  const isTTY = process.stdout.isTTY === true;
  return {
    // A terminal that was never told its size says 0.
    columns: isTTY ? process.stdout.columns || 80 : null,
    colour: wantsColour(isTTY, process.env),
  };
}
