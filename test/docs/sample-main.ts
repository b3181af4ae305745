/** Writes what `fairway status` prints into docs/commands.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/binary.ts";
import { blockThat } from "../support/page.ts";
import { pageSample, sampleBegins, sampleOf, samplePage } from "./sample-run.ts";

const path = join(repository, samplePage);
const printed = await sampleOf((told) => /^kept .*web-0/m.test(told));
const former = blockThat(samplePage, sampleBegins);
writeFileSync(
  path,
  readFileSync(path, "utf8").replace(former, () => pageSample(printed)),
);
