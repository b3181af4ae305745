/** The certificate that the webhook makes, read by the runtime's parser, and when another one is made. */
import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { type KeyPair, makeCertificate } from "../../src/admission/certificate.ts";
import {
  backdatedMs,
  lifetimeMs,
  planCertificate,
  renewedBeforeMs,
} from "../../src/admission/certificate-plan.ts";

const name = "fairway-webhook.kube-system.svc";
/** Certificates have whole seconds. */
const nowMs = Date.UTC(2026, 10, 30, 5);
const ask = { names: [name], fromMs: nowMs - backdatedMs, untilMs: nowMs + lifetimeMs } as const;
const made = makeCertificate({ ...ask, names: [name] });
const other = makeCertificate({ ...ask, names: [name] });

test("a certificate is for its names and times, signed by the authority beside it", () => {
  const [own, authority] = [
    new X509Certificate(made.certificate),
    new X509Certificate(made.authority),
  ];
  expect(own.checkHost(name)).toBe(name);
  expect(own.checkHost("other.kube-system.svc")).toBeUndefined();
  expect([Date.parse(own.validFrom), Date.parse(own.validTo)]).toEqual([ask.fromMs, ask.untilMs]);
  expect([own.ca, authority.ca]).toEqual([false, true]);
  expect(own.verify(authority.publicKey)).toBe(true);
  expect(own.verify(new X509Certificate(other.authority).publicKey)).toBe(false);
});

test("one that ends after 2049 says so", () => {
  const untilMs = Date.UTC(2050, 0, 1);
  const late = makeCertificate({ names: [name], fromMs: nowMs, untilMs });
  expect(Date.parse(new X509Certificate(late.certificate).validTo)).toBe(untilMs);
});

test("a name that is longer than a subject may be is kept whole", () => {
  const long = `${"a".repeat(63)}.${"b".repeat(63)}.svc`;
  const found = new X509Certificate(makeCertificate({ ...ask, names: [long] }).certificate);
  expect(found.checkHost(long)).toBe(long);
});

describe("another one is made", () => {
  const ends = nowMs + lifetimeMs - renewedBeforeMs;
  test.each<[string, KeyPair | null, number, string]>([
    ["where there is none", null, nowMs, "none yet"],
    ["where it ends soon", made, ends, "it ends at"],
    ["before it is valid", made, nowMs - 2 * backdatedMs, "valid only from"],
    ["where it is no certificate", { ...made, certificate: "x" }, nowMs, "cannot be read"],
    ["where nothing but the key is there", { ...made, certificate: "" }, nowMs, "cannot be read"],
    ["where the key is no key", { ...made, key: "x" }, nowMs, "key cannot be read"],
    ["where the key is another one's", { ...made, key: other.key }, nowMs, "another one's"],
    ["of another authority", { ...made, authority: other.authority }, nowMs, "no authority"],
    ["without an authority", { ...made, authority: "" }, nowMs, "no authority"],
  ])("%s", (_, kept, atMs, why) => {
    expect(planCertificate(kept, [name], atMs)).toMatchObject({
      kind: "make",
      why: expect.stringContaining(why),
    });
  });

  test("for another name", () => {
    expect(planCertificate(made, ["b.c.svc"], nowMs)).toMatchObject({
      why: "it is not for b.c.svc",
    });
  });
});

test("one that is right is kept, until a month before its end", () => {
  expect(planCertificate(made, [name], nowMs)).toEqual({ kind: "keep" });
  const lastMs = nowMs + lifetimeMs - renewedBeforeMs - 1_000;
  expect(planCertificate(made, [name], lastMs)).toEqual({ kind: "keep" });
  const both = { ...made, authority: other.authority + made.authority };
  expect(planCertificate(both, [name], nowMs)).toEqual({ kind: "keep" });
});

test("authorities of before are trusted on: the newest two that have not ended", () => {
  const third = makeCertificate({ ...ask, names: [name] });
  const authority = made.authority + other.authority + third.authority;
  const soonMs = nowMs + lifetimeMs - renewedBeforeMs;
  const trustedAt = (atMs: number) => planCertificate({ ...made, authority }, [name], atMs);
  expect(trustedAt(soonMs)).toMatchObject({ trusted: made.authority + other.authority });
  expect(trustedAt(nowMs + lifetimeMs)).toMatchObject({ trusted: "" });
});
