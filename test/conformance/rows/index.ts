import type { Row } from "../row.ts";
import { addRows } from "./add.ts";
import { chainedRows } from "./chained.ts";
import { checkRows } from "./check.ts";
import { configRows } from "./config.ts";
import { delRows } from "./del.ts";
import { delegationRows } from "./delegation.ts";
import { environmentRows } from "./environment.ts";
import { networkRows } from "./network.ts";
import { stdinRows } from "./stdin.ts";
import { typeRows } from "./types.ts";

export const rows: readonly Row[] = [
  ...environmentRows,
  ...stdinRows,
  ...configRows,
  ...typeRows,
  ...addRows,
  ...delRows,
  ...checkRows,
  ...networkRows,
  ...delegationRows,
  ...chainedRows,
];
