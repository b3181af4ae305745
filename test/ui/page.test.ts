/** The page's answers: who gets in, what it is made of, and what is refused. */
import { expect, test } from "bun:test";
import { FairwayError } from "../../src/errors.ts";
import { Page, type PageAnswer } from "../../src/ui/page.ts";
import { about, liveClassOf, liveOf, requestOf } from "./support.ts";

interface Opened {
  page: Page;
  headers: { cookie: string };
}

const pageOf = (over: Partial<ConstructorParameters<typeof Page>[0]> = {}): Page =>
  new Page({
    live: () => liveOf(liveClassOf("shop/web")),
    about,
    address: () => "127.0.0.1:9465",
    nowMs: () => 0,
    ...over,
  });

const cookieOf = ({ headers }: PageAnswer): string =>
  (headers["Set-Cookie"] ?? "").split(";")[0] ?? "";

function opened(page = pageOf()): Opened {
  return { page, headers: { cookie: cookieOf(page.answer(requestOf(page.token().path))) } };
}

const statusOf = (path: string, method = "GET"): number =>
  pageOf().answer(requestOf(path, { method })).status;

test("a token opens a session, once; without one there is no page and no figure", () => {
  const page = pageOf();
  const { path } = page.token();
  const first = page.answer(requestOf(path));
  expect(first).toMatchObject({ status: 303, headers: { Location: "/ui/" } });
  expect(first.headers["Set-Cookie"]).toMatch(
    /^fairway-ui-9465=[\w-]{43}; Path=\/ui\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  );
  const headers = { cookie: `other=1; ${cookieOf(first)}` };
  expect(page.answer(requestOf("/ui/", { headers })).body).toContain('id="trees"');
  expect(page.answer(requestOf("/ui/state", { headers })).status).toBe(200);
  expect(page.answer(requestOf(path)).status).toBe(401);
  // The back button, in the session that it began.
  expect(page.answer(requestOf(path, { headers })).status).toBe(303);
  for (const cookie of ["", "fairway-ui-9465=", "fairway-ui-9465=x", "fairway-ui-1=x"]) {
    expect(page.answer(requestOf("/ui/", { headers: { cookie } })).status).toBe(401);
    expect(page.answer(requestOf("/ui/state", { headers: { cookie } })).status).toBe(401);
  }
});

test("nodes that are forwarded to several ports of one machine have a session each", () => {
  const page = pageOf();
  const host = { host: "localhost:18001" };
  const answer = page.answer(requestOf(page.token().path, { headers: host }));
  expect(cookieOf(answer)).toStartWith("fairway-ui-18001=");
  const headers = { ...host, cookie: cookieOf(answer) };
  expect(page.answer(requestOf("/ui/", { headers })).status).toBe(200);
});

test("every answer forbids other origins, frames, guesses of types and caches", () => {
  const { page, headers } = opened();
  for (const path of ["/ui/", "/ui/state", "/ui/app.js", "/ui/style.css", "/ui/icon.svg", "/ui/no"])
    expect(page.answer(requestOf(path, { headers })).headers).toMatchObject({
      "Content-Security-Policy": expect.stringMatching(
        /^default-src 'none'; .*frame-ancestors 'none'$/,
      ),
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer",
    });
  expect(JSON.stringify(page.answer(requestOf("/ui/")).headers)).not.toContain("unsafe");
});

test.each([
  ["/ui/../metrics", 404],
  ["/ui/..%2fmetrics", 404],
  ["/ui/%2e%2e/v1/verb", 404],
  ["/ui//etc/passwd", 404],
  ["/ui/constructor", 404],
  ["/ui/app.js/", 404],
  ["/metrics", 404],
  ["/v1/verb", 404],
  ["/ui/token", 404],
  ["/ui", 303],
  ["/", 303],
])("%s by the port is %d", (path, status) => {
  expect(statusOf(path)).toBe(status);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])("%s is refused", (method) => {
  expect(statusOf("/ui/", method)).toBe(405);
  expect(statusOf("/ui/token", method)).toBe(405);
});

test("a token is given on the Unix socket, and never to a browser", () => {
  const asked = (method: string, headers: Record<string, string> = {}) =>
    pageOf().answer(
      requestOf("/ui/token", { method, over: "socket", headers: { host: "agent", ...headers } }),
    );
  const { token, path, address } = JSON.parse(asked("POST").body) as Record<string, string>;
  expect(path).toBe(`/ui/?token=${token}`);
  expect(address).toBe("127.0.0.1:9465");
  expect(asked("GET").status).toBe(405);
  expect(asked("POST", { host: "localhost", origin: "http://localhost" }).status).toBe(403);
  expect(asked("POST", { "sec-fetch-site": "none" }).status).toBe(403);
});

test("what is asked of the figures is checked, and what cannot be read is told", () => {
  const { page, headers } = opened();
  const state = page.answer(requestOf("/ui/state?find=web&show=all", { headers }));
  expect(JSON.parse(state.body)).toMatchObject({ node: "n1", rows: [{ pod: "shop/web" }] });
  const strange = page.answer(requestOf("/ui/state?show=%22x", { headers }));
  expect(strange).toMatchObject({ status: 400, body: expect.stringContaining('show="\\"x"') });
  const broken = opened(
    pageOf({
      live: () => {
        throw new FairwayError("ledgerUnusable", "the ledger is damaged", "repair it");
      },
    }),
  );
  const told = broken.page.answer(requestOf("/ui/state", { headers: broken.headers }));
  expect(told).toMatchObject({
    status: 503,
    body: expect.stringContaining("the ledger is damaged"),
  });
});
