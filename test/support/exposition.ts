/** Reads what an agent tells a monitor. */
export interface SeriesSeen {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const line = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i;
const label = /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"/gi;
const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));

/** Throws where a line is none. */
export function seriesIn(text: string): SeriesSeen[] {
  return text
    .split("\n")
    .filter((each) => each !== "" && !each.startsWith("#"))
    .map((each) => {
      const [, name = "", labels = "", value = ""] = line.exec(each) ?? [];
      if (name === "") throw new Error(`no series: ${each}`);
      const pairs = [...labels.matchAll(label)].map(([, key = "", of = ""]) => [
        key,
        unescaped(of),
      ]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

/** Of the one series of that name with these labels; null means that there is none. Throws where there are more. */
export function valueIn(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const found = seriesIn(text).filter(
    (each) =>
      each.name === name && Object.entries(labels).every(([key, of]) => each.labels[key] === of),
  );
  if (found.length > 1) throw new Error(`${found.length} series of ${name}`);
  return found[0]?.value ?? null;
}
