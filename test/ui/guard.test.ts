/** Who may ask for the page at all: nobody by another name, and no other page. */
import { expect, test } from "bun:test";
import { strangeIn } from "../../src/ui/guard.ts";
import { requestOf } from "./support.ts";

const asked = (headers: Record<string, string>, over: "port" | "socket" = "port") =>
  strangeIn(requestOf("/ui/", { headers, over }))?.status as number | undefined;

test.each<[string, number | undefined]>([
  ["127.0.0.1:9465", undefined],
  ["127.0.0.1:18080", undefined],
  ["127.0.0.1", undefined],
  ["localhost:9465", undefined],
  ["LOCALHOST:9465", undefined],
  ["[::1]:9465", undefined],
  ["127.1.2.3:80", undefined],
  ["evil.example:9465", 421],
  ["127.0.0.1.evil.example:9465", 421],
  ["localhost.evil.example", 421],
  ["evil.example@127.0.0.1", 421],
  ["192.0.2.1:9465", 421],
  ["[::]:9465", 421],
  ["agent", 421],
  ["", 421],
])("Host: %p", (host, status) => {
  expect(asked({ host })).toBe(status);
});

test('curl asks the Unix socket as "agent"', () => {
  expect(asked({ host: "agent" }, "socket")).toBeUndefined();
  expect(asked({ host: "evil.example" }, "socket")).toBe(421);
});

const others: [Record<string, string>, number | undefined][] = [
  [{ "sec-fetch-site": "none" }, undefined],
  [{ "sec-fetch-site": "same-origin" }, undefined],
  [{ "sec-fetch-site": "same-site" }, 403],
  [{ "sec-fetch-site": "cross-site" }, 403],
  [{ "sec-fetch-site": "" }, 403],
  [{ origin: "http://127.0.0.1:9465" }, undefined],
  [{ origin: "http://127.0.0.1:8080" }, 403],
  [{ origin: "http://localhost:9465" }, 403],
  [{ origin: "https://evil.example" }, 403],
  [{ origin: "null" }, 403],
];

test.each(others.map(([headers, status]) => [JSON.stringify(headers), headers, status] as const))(
  "%s",
  (_, headers, status) => {
    expect(asked(headers)).toBe(status);
  },
);
