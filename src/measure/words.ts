/** Writes measured figures for a person, with three digits, since more would be noise. */

const rateUnits: [number, string][] = [
  [1e9, "Gbit/s"],
  [1e6, "Mbit/s"],
  [1e3, "kbit/s"],
  [1, "bit/s"],
];

export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function rateWords(bits: number): string {
  // What rounds to 1000 of a unit is written as 1 of the next.
  const [unit, name] = rateUnits.find(([each]) => bits >= each * 0.9995) ?? [1, "bit/s"];
  return `${digits(bits / unit)}${name}`;
}

/** Writes Mbit/s without the unit, which stands in the heading. */
export function mbitWords(bits: number): string {
  const mbit = bits / 1e6;
  if (mbit === 0) return "0";
  return mbit < 0.01 ? "<0.01" : digits(mbit);
}

export function delayWords(us: number | null): string {
  if (us === null) return "no end";
  if (us < 1) return us === 0 ? "0" : "<1us";
  if (us < 999.5) return `${digits(us)}us`;
  return us < 999_500 ? `${digits(us / 1e3)}ms` : `${digits(us / 1e6)}s`;
}
