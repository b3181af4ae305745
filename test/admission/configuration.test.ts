/** What is written to the API server: the authorities that it trusts, and the Secret. */
import { expect, test } from "bun:test";
import { trusting } from "../../src/admission/configuration.ts";
import { keeping, keptIn } from "../../src/admission/secret.ts";

const webhook = (name: string, caBundle?: string) => ({
  name,
  clientConfig: { service: { name: "a", namespace: "b" }, ...(caBundle && { caBundle }) },
});
const trusted = Buffer.from("PEM").toString("base64");

test.each<[string, unknown, unknown]>([
  ["each that trusts others", [webhook("a"), webhook("b", trusted), webhook("c", "eA==")], [0, 2]],
  ["none where all trust it", [webhook("a", trusted)], null],
  ["none where there are none", [], null],
  ["none where there is no list", undefined, null],
])("%s", (_, webhooks, at) => {
  const patch = trusting({ webhooks } as Record<string, unknown>, "PEM");
  const names = (webhooks as { name: string }[] | undefined) ?? [];
  const expected = (at as number[] | null)?.flatMap((each) => [
    { op: "test", path: `/webhooks/${each}/name`, value: names[each]?.name },
    { op: "add", path: `/webhooks/${each}/clientConfig/caBundle`, value: trusted },
  ]);
  expect(patch).toEqual((expected ?? null) as never);
});

test("a Secret gives what was put into it", () => {
  const kept = { certificate: "c", key: "k", authority: "a" };
  const patch = keeping(kept, "7");
  expect(patch.metadata).toEqual({ resourceVersion: "7" });
  expect(keptIn(patch)).toEqual(kept);
});

test.each<[string, Record<string, unknown>, unknown]>([
  ["without data there is none", {}, null],
  ["with other data there is none", { data: { other: "eA==" } }, null],
  [
    "half of one is told",
    { data: { "tls.key": "eA==" } },
    { certificate: "", key: "x", authority: "" },
  ],
])("%s", (_, secret, kept) => {
  expect(keptIn(secret)).toEqual(kept as never);
});
