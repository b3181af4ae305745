/** Says where a value stands on an axis. */
export type Scale = (value: number) => number;

export interface Tick {
  value: number;
  label: string;
}

export function linearScale(from: number, to: number, start: number, end: number): Scale {
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

/** What is below `from` stands at the start, since a logarithm knows no zero. */
export function logScale(from: number, to: number, start: number, end: number): Scale {
  const linear = linearScale(Math.log10(from), Math.log10(to), start, end);
  return (value) => linear(Math.log10(Math.max(from, value)));
}

/** The whole decades around all values, at least one. */
export function decades(values: readonly number[]): { from: number; to: number } {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return { from: 1, to: 10 };
  const from = 10 ** Math.floor(Math.log10(Math.min(...positive)));
  const to = 10 ** Math.ceil(Math.log10(Math.max(...positive)));
  return { from, to: Math.max(to, from * 10) };
}

/** Makes one tick for each decade, in the unit that a reader expects. */
export function decadeTicks({ from, to }: { from: number; to: number }): Tick[] {
  const count = Math.round(Math.log10(to / from)) + 1;
  return Array.from({ length: count }, (_, i) => {
    const value = from * 10 ** i;
    if (value >= 1e6) return { value, label: `${value / 1e6} s` };
    return { value, label: value >= 1000 ? `${value / 1000} ms` : `${value} us` };
  });
}

/** Four to eight round values from 0 up to at most `to`. */
export function linearTicks(to: number): number[] {
  const rough = to / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(to / step) + 1 }, (_, i) => i * step);
}
