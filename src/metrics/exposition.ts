/** Writes values in the forms that Prometheus reads. The package is loaded with this file, at the first scrape. */
import { Gauge, Registry } from "prom-client";
import { type Described, described, type Values } from "./described.ts";
import { durationBuckets, type Histogram } from "./happened.ts";

export interface Exposition {
  contentType: string;
  text: string;
}

/** RFC 9110 lets whoever asks weigh several; OpenMetrics is given to whoever names it. */
const wantsOpenMetrics = (accept: string): boolean =>
  accept.includes("application/openmetrics-text");

interface Line {
  metricName?: string;
  value: number;
  /** What the package has made of them it keeps as long as the object lives, which is as long as the series. */
  sharedLabels: Readonly<Record<string, string>>;
}

interface Family {
  name: string;
  type: Described["type"];
  help: string;
  values: readonly Line[];
}

/**
 * Hands a registry what was counted elsewhere. The package's own metrics would put each series into a table by its
 * labels again, at each scrape, which takes longer than all else of one.
 */
class Told extends Gauge {
  readonly #family: Family;

  constructor(family: Family, registry: Registry) {
    super({ name: family.name, help: family.help, registers: [registry] });
    this.#family = family;
  }

  /** What a registry asks where it writes a text. */
  async getForPromString(): Promise<Family> {
    return this.#family;
  }
}

function seriesOf(name: string, { labels, atMost, count, sumSeconds }: Histogram): Line[] {
  const bucket = (le: number | string, value: number): Line => ({
    ...{ metricName: `${name}_bucket`, value },
    sharedLabels: { le: String(le), ...labels },
  });
  const one = (part: "sum" | "count", value: number): Line => ({
    ...{ metricName: `${name}_${part}`, value },
    sharedLabels: labels,
  });
  return [
    ...durationBuckets.map((le, at) => bucket(le, atMost[at] ?? 0)),
    bucket("+Inf", count),
    one("sum", sumSeconds),
    one("count", count),
  ];
}

/** In OpenMetrics a counter's name is without the end that each of its lines has. */
const nameIn = (isOpenMetrics: boolean, name: string, type: Described["type"]): string =>
  isOpenMetrics && type === "counter" ? name.replace(/_total$/, "") : name;

/** `accept` is that of the request, empty where it has none. */
export async function exposed(
  values: Values,
  durations: readonly Histogram[],
  accept: string,
): Promise<Exposition> {
  const isOpenMetrics = wantsOpenMetrics(accept);
  const registry = new Registry();
  if (isOpenMetrics) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  for (const [name, { type, help }] of Object.entries(described) as [keyof Values, Described][]) {
    const lines =
      type === "histogram"
        ? durations.flatMap((each) => seriesOf(name, each))
        : (values[name] ?? []).map(({ labels, value }) => ({ value, sharedLabels: labels }));
    new Told({ name: nameIn(isOpenMetrics, name, type), type, help, values: lines }, registry);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}
