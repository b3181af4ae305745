/** What a person at `top` looks at, and what each key makes of it. Pure. */
import { type SortKey, sortKeys } from "./class-rows.ts";

export interface View {
  sort: SortKey;
  wide: boolean;
  /** How many lines are scrolled away above. */
  offset: number;
}

/** How far a page goes, in lines, and how far down there is anything. */
export interface Extent {
  page: number;
  lastOffset: number;
}

type Act = (view: View, extent: Extent) => View | "quit";

const quit: Act = () => "quit";
const by =
  (lines: (extent: Extent) => number): Act =>
  (view, extent) => ({
    ...view,
    offset: Math.max(0, Math.min(view.offset + lines(extent), extent.lastOffset)),
  });

const up = by(() => -1);
const down = by(() => 1);
const pageUp = by(({ page }) => -page);
const pageDown = by(({ page }) => page);
const toTop = by(() => Number.NEGATIVE_INFINITY);
const toEnd = by(({ lastOffset }) => lastOffset);

const nextSort: Act = (view) => {
  const next = sortKeys[(sortKeys.indexOf(view.sort) + 1) % sortKeys.length];
  return { ...view, sort: next ?? view.sort };
};

/** As a terminal sends them: the longer ones first, since ESC begins several. */
const keys: readonly (readonly [string, Act])[] = [
  ["\u001b[5~", pageUp],
  ["\u001b[6~", pageDown],
  ["\u001b[A", up],
  ["\u001b[B", down],
  ["\u001bOA", up],
  ["\u001bOB", down],
  ["\u001b[H", toTop],
  ["\u001b[F", toEnd],
  ["q", quit],
  ["Q", quit],
  // The terminal does not make a signal of Ctrl-C while it hands on each key.
  ["\u0003", quit],
  ["k", up],
  ["j", down],
  [" ", pageDown],
  ["g", toTop],
  ["G", toEnd],
  ["s", nextSort],
  ["w", (view) => ({ ...view, wide: !view.wide, offset: 0 })],
];

/** Takes all keys of a piece of input. What is no key of ours does nothing. */
export function pressed(view: View, input: string, extent: Extent): View | "quit" {
  let now = view;
  for (let rest = input; rest !== ""; ) {
    const found = keys.find(([key]) => rest.startsWith(key));
    const next = found?.[1](now, extent) ?? now;
    if (next === "quit") return next;
    now = next;
    rest = rest.slice(found?.[0].length ?? 1);
  }
  return now;
}

/** The line above the block, of which as much is shown as there is room for. */
export function topLine(clock: string, { sort, wide }: View): string {
  return `fairway top  ${clock}  sort: ${sort}  (s sorts, w ${wide ? "brief" : "wide"}, arrows scroll, q quits)`;
}
