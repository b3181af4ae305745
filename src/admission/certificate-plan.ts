/** Whether a certificate that is kept is served on, or another one is made in its place. It has no clock. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyPair } from "./certificate.ts";

const dayMs = 24 * 3_600_000;
export const lifetimeMs = 90 * dayMs;
/** How long before its end another one is made, so that a month of failures does no harm. */
export const renewedBeforeMs = 30 * dayMs;
/** Clocks of nodes differ: it is valid from so long before it is made. */
export const backdatedMs = 3_600_000;

/** What is kept: `authority` has the certificate's own one, and those of before as long as they may be served. */
export type Kept = KeyPair;

export type CertificatePlan =
  | { kind: "keep" }
  /** `why` is for the log; `trusted` are the authorities that are trusted on, as PEM. */
  | { kind: "make"; why: string; trusted: string };

const pemPattern = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

function parsed(text: string): X509Certificate | null {
  try {
    return new X509Certificate(text);
  } catch {
    return null;
  }
}

/** Of the authorities in a text those that have not ended, the newest two: no replica serves an older one's. */
function stillTrusted(authority: string, nowMs: number): string {
  const living = (authority.match(pemPattern) ?? []).filter((each) => {
    const found = parsed(each);
    return found !== null && Date.parse(found.validTo) > nowMs;
  });
  return living
    .slice(0, 2)
    .map((each) => `${each.trimEnd()}\n`)
    .join("");
}

/** Why it cannot be served; null means that it can. */
function unfit({ certificate, key, authority }: Kept, names: readonly string[], nowMs: number) {
  const found = parsed(certificate);
  if (found === null) return "what is kept cannot be read as a certificate";
  const missing = names.filter((name) => found.checkHost(name) === undefined);
  if (missing.length > 0) return `it is not for ${missing.join(", ")}`;
  try {
    if (!found.checkPrivateKey(createPrivateKey(key))) return "its key is another one's";
  } catch {
    return "its key cannot be read";
  }
  const isTrusted = (authority.match(pemPattern) ?? [])
    .map(parsed)
    .some((each) => each !== null && found.checkIssued(each) && found.verify(each.publicKey));
  if (!isTrusted) return "no authority beside it has signed it";
  if (Date.parse(found.validFrom) > nowMs) return `it is valid only from ${found.validFrom}`;
  if (Date.parse(found.validTo) - renewedBeforeMs <= nowMs) return `it ends at ${found.validTo}`;
  return null;
}

/** `kept` is null where there is none yet. */
export function planCertificate(
  kept: Kept | null,
  names: readonly string[],
  nowMs: number,
): CertificatePlan {
  if (kept === null) return { kind: "make", why: "there is none yet", trusted: "" };
  const why = unfit(kept, names, nowMs);
  if (why === null) return { kind: "keep" };
  return { kind: "make", why, trusted: stillTrusted(kept.authority, nowMs) };
}
