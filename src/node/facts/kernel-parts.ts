/** Whether the kernel has what an ADD will ask it for. This is found out once a boot, and remembered. */
import { FairwayError } from "../../errors.ts";
import { ageOf, partsFor, presenceOf } from "../../kernel/parts.ts";
import { readSysctl } from "../../kernel/read/sysctl.ts";
import { kernelRelease } from "../../kernel/release.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";

/**
 * The ledger keeps the release that has all parts. What is missing may be installed at any moment, so it is
 * looked for again.
 */
const factKey = (chained: boolean): string => (chained ? "kernel-parts-chained" : "kernel-parts");

function requireLookedFor(chained: boolean): void {
  // It is loaded here because it brings a decompressor and is needed only once a boot.
  const { kernelEvidence } =
    require("../../kernel/evidence.ts") as typeof import("../../kernel/evidence.ts");
  const evidence = kernelEvidence();
  const looked = [
    { name: "the kernel", presence: ageOf(evidence.release) },
    ...partsFor(chained).map((part) => ({
      name: part.module,
      presence: presenceOf(part, evidence),
    })),
  ];
  const missing = looked.flatMap(({ name, presence }) =>
    presence.is === "missing" ? [{ ...presence, name }] : [],
  );
  if (missing.length === 0) return;
  throw new FairwayError(
    "missingKernelPart",
    `the kernel lacks what fairway needs: ${missing.map(({ name, found }) => `${name}: ${found}`).join("; ")}`,
    `${[...new Set(missing.map(({ todo }) => todo))].join("; ")}; \`fairway doctor\` looks at all parts`,
  );
}

/** This is for `requireKernelParts`, where there is a ledger to write to. */
export const rememberIn = (ledger: Ledger, chained: boolean) => (release: string) =>
  ledger.setFact(factKey(chained), release);

/**
 * Throws missingKernelPart. A part that no source tells of does not count as missing, because the ADD will
 * tell.
 */
export function requireKernelParts(
  view: LedgerView,
  chained: boolean,
  remember: (release: string) => void = () => {},
): void {
  const release = kernelRelease();
  // br_netfilter can be unloaded, and nothing loads it again.
  const filtered = chained || readSysctl("net/bridge/bridge-nf-call-iptables") !== null;
  if (filtered && view.fact(factKey(chained)) === release) return;
  requireLookedFor(chained);
  if (filtered) remember(release);
}
