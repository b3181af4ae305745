/** Draws ten minutes: what passed within guarantees and beyond them, one on the other. */
import { svg } from "./dom.ts";
import { type Point, pieces, spanMs, type TreePoint } from "./history.ts";

interface Frame {
  width: number;
  height: number;
  nowMs: number;
  /** What the full height is. */
  topBits: number;
}

const round = (value: number): string => value.toFixed(1);

const x = (atMs: number, { width, nowMs }: Frame): string =>
  round(width * (1 - (nowMs - atMs) / spanMs));
const y = (bits: number, { height, topBits }: Frame): string =>
  round(height * (1 - Math.min(1, bits / Math.max(topBits, 1))));

/** The outline between two heights. */
function area<P extends Point>(
  points: readonly P[],
  lower: (point: P) => number,
  upper: (point: P) => number,
  frame: Frame,
): string {
  const along = (of: (point: P) => number, each: readonly P[]): string[] =>
    each.map((point) => `${x(point.atMs, frame)},${y(of(point), frame)}`);
  return [...along(upper, points), ...along(lower, points.toReversed())].join(" ");
}

const zero = (): number => 0;
const within = ({ withinBits }: Point): number => withinBits;
const whole = ({ withinBits, borrowedBits }: Point): number => withinBits + borrowedBits;

function areas(points: readonly Point[], frame: Frame): SVGElement[] {
  return pieces(points).flatMap((piece) => [
    svg("polygon", { class: "within", points: area(piece, zero, within, frame) }),
    svg("polygon", { class: "borrowed", points: area(piece, within, whole, frame) }),
  ]);
}

const level = (bits: number, frame: Frame, className: string): SVGElement =>
  svg("line", {
    class: className,
    x1: 0,
    x2: frame.width,
    y1: y(bits, frame),
    y2: y(bits, frame),
  });

/** `chart` is the svg element, whose old content goes. */
export function drawTree(
  chart: SVGElement,
  points: readonly TreePoint[],
  topBits: number,
  nowMs: number,
): void {
  const frame: Frame = { width: 600, height: 100, nowMs, topBits };
  const promised = points.at(-1)?.promisedBits ?? 0;
  const marks = pieces(points.filter(({ broken }) => broken > 0)).map((piece) => {
    const [from = 0, to = 0] = [piece[0]?.atMs, piece.at(-1)?.atMs];
    const left = Number(x(from, frame));
    return svg("rect", {
      class: "missed",
      x: left,
      y: 94,
      width: Math.max(3, Number(x(to, frame)) - left),
      height: 6,
    });
  });
  const minutes = [2.5, 5, 7.5].map((minute) =>
    svg("line", { class: "grid", x1: minute * 60, x2: minute * 60, y1: 0, y2: 100 }),
  );
  chart.replaceChildren(
    ...minutes,
    ...areas(points, frame),
    level(promised, frame, "promised"),
    ...marks,
  );
}

export function drawRow(
  chart: SVGElement,
  points: readonly Point[],
  guaranteeBits: number,
  nowMs: number,
): void {
  const topBits = Math.max(guaranteeBits, ...points.map(whole)) * 1.1;
  const frame: Frame = { width: 120, height: 28, nowMs, topBits };
  const line = guaranteeBits > 0 ? [level(guaranteeBits, frame, "promised")] : [];
  chart.replaceChildren(...areas(points, frame), ...line);
}

export const emptyChart = (width: number, height: number): SVGElement =>
  svg("svg", {
    class: "chart",
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
