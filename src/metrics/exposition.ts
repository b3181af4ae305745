/** Writes values in the forms that Prometheus reads. The package is loaded with this file, at the first scrape. */
import { Counter, Gauge, Histogram as PromHistogram, Registry } from "prom-client";
import { type Described, described, type Value, type Values } from "./described.ts";
import { durationBuckets, type Histogram } from "./happened.ts";

export interface Exposition {
  contentType: string;
  text: string;
}

/** RFC 9110 lets whoever asks weigh several; OpenMetrics is given to whoever names it. */
const wantsOpenMetrics = (accept: string): boolean =>
  accept.includes("application/openmetrics-text");

const histogramName = "fairway_verb_duration_seconds";

/** The package counts by itself only; what was counted before it was loaded is put in its place. */
class Counted extends PromHistogram<string> {
  readonly #histograms: readonly Histogram[];

  constructor(histograms: readonly Histogram[], registry: Registry) {
    const { help, labels } = described[histogramName];
    super({ name: histogramName, help, labelNames: [...labels], registers: [registry] });
    this.#histograms = histograms;
  }

  /** What a registry asks of a histogram where it writes a text. */
  async getForPromString() {
    const { type, help } = described[histogramName];
    return { name: histogramName, type, help, values: this.#histograms.flatMap(seriesOf) };
  }
}

function seriesOf({ labels, atMost, count, sumSeconds }: Histogram) {
  const bucket = (le: number | string, value: number) => ({
    ...{ metricName: `${histogramName}_bucket`, value },
    labels: { le, ...labels },
  });
  const one = (part: "sum" | "count", value: number) => ({
    ...{ metricName: `${histogramName}_${part}`, value },
    labels: { ...labels },
  });
  return [
    ...durationBuckets.map((le, at) => bucket(le, atMost[at] ?? 0)),
    bucket("+Inf", count),
    one("sum", sumSeconds),
    one("count", count),
  ];
}

function add(
  name: string,
  { type, help, labels }: Described,
  values: readonly Value[],
  registry: Registry,
): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === "counter") {
    const counter = new Counter(options);
    for (const { labels: of, value } of values) counter.inc(of, value);
  } else {
    const gauge = new Gauge(options);
    for (const { labels: of, value } of values) gauge.set(of, value);
  }
}

/** `accept` is that of the request, empty where it has none. */
export async function exposed(
  values: Values,
  durations: readonly Histogram[],
  accept: string,
): Promise<Exposition> {
  const registry = new Registry();
  if (wantsOpenMetrics(accept)) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  for (const [name, description] of Object.entries(described) as [keyof Values, Described][])
    if (description.type !== "histogram") add(name, description, values[name] ?? [], registry);
  new Counted(durations, registry);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
