/** What an agent tells a monitor. It costs nothing but counting until somebody asks. */
import { buildId, target, version } from "../build.ts";
import { orderOfMaking } from "../plan/kinds/registry.ts";
import type { Values } from "./described.ts";
import type { Exposition } from "./exposition.ts";
import { FellBackTail } from "./fell-back-tail.ts";
import { Happenings } from "./happened.ts";
import type { Live } from "./live.ts";
import type { Page } from "./pages.ts";
import { Sampler, type SamplerOptions } from "./sampler.ts";

export class Metrics {
  readonly happenings = new Happenings(orderOfMaking);
  readonly #sampler: Sampler;
  readonly #fellBack: FellBackTail;
  readonly #startedAt: Date;

  /** `dataDir` is the ledger's folder. */
  constructor(options: SamplerOptions, dataDir: string, startedAt: Date) {
    this.#fellBack = new FellBackTail(dataDir);
    this.#sampler = new Sampler(options);
    this.#startedAt = startedAt;
  }

  /** Throws FairwayError where the ledger or the kernel cannot be read. `accept` is that of the request. */
  async scrape(accept: string): Promise<Exposition> {
    for (const { verb, tookMs } of this.#fellBack.take())
      if (tookMs !== null) this.happenings.verb(verb, "process", tookMs / 1000);
    const values: Values = {
      ...this.#sampler.scrape(),
      ...this.happenings.values(),
      ...this.#ofAgent(),
    };
    const { exposed } = await import("./exposition.ts");
    return exposed(values, this.happenings.durations, accept);
  }

  /** What is so at this moment. Throws FairwayError where the ledger or the kernel cannot be read. */
  live(): Live {
    return this.#sampler.live();
  }

  #ofAgent(): Values {
    const labels = { version, build: buildId ?? "", target: target ?? "" };
    return {
      fairway_build_info: [{ labels, value: 1 }],
      fairway_agent_start_time_seconds: [{ labels: {}, value: this.#startedAt.getTime() / 1000 }],
    };
  }

  /** As the port serves it. */
  get page(): Page {
    return {
      path: "/metrics",
      verb: "get",
      audience: null,
      role: "fairway-metrics-reader",
      answer: ({ accept }) => this.scrape(accept),
    };
  }
}
