/** What a follower does with an API server that misbehaves. Real ones are in test/cluster. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubeconfigAccess } from "../../src/kube/access.ts";
import { KubeClient } from "../../src/kube/client.ts";
import { type FollowPace, follow } from "../../src/kube/follow.ts";
import { until } from "../support/until.ts";

type Answer = (url: URL, request: Request) => Response;

const item = (uid: string, version: number) => ({
  metadata: { name: `pod-${uid}`, namespace: "shop", uid, resourceVersion: String(version) },
});
const list = (version: number, ...items: unknown[]): Response =>
  Response.json({ metadata: { resourceVersion: String(version) }, items });
const events = (...all: unknown[]): Response =>
  new Response(all.map((each) => `${JSON.stringify(each)}\n`).join(""));
const status = (code: number, reason: string): Response =>
  Response.json({ kind: "Status", code, reason, message: reason }, { status: code });
const endless = (): Response => new Response(new ReadableStream({ start() {} }));

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const each of cleanups.splice(0).reverse()) await each();
});

/** Follows a server that gives these answers, one after the other, and the last one again and again. */
function followed(answers: Answer[], pace: Partial<FollowPace> = {}) {
  const asked: URL[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => {
      const url = new URL(request.url);
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(url);
      return answer?.(url, request) ?? status(500, "none");
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "fairway-follow-"));
  const file = join(folder, "kubeconfig");
  writeFileSync(join(folder, "token"), "first");
  writeFileSync(
    file,
    JSON.stringify({
      "current-context": "x",
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${server.port}` } }],
      users: [{ name: "u", user: { tokenFile: "token" } }],
    }),
  );
  const ending = new AbortController();
  const seen: string[][] = [];
  const troubles: (string | null)[] = [];
  const running = follow({
    client: new KubeClient(kubeconfigAccess(file), "test"),
    path: "/api/v1/pods",
    read: (_, { uid }) => uid,
    onChange: (uids) => void seen.push(uids),
    onTrouble: (trouble) => void troubles.push(trouble?.message ?? null),
    signal: ending.signal,
    chance: () => 0,
    pace,
  });
  cleanups.push(async () => {
    ending.abort();
    await running;
    await server.stop(true);
    rmSync(folder, { recursive: true });
  });
  return { asked, seen, troubles, folder };
}

const param = (url: URL | undefined, name: string): string | null =>
  url?.searchParams.get(name) ?? null;

test("it lists, watches from there, and goes on where a watch ends", async () => {
  const { asked, seen } = followed([
    () => list(5, item("1", 4)),
    () => events({ type: "ADDED", object: item("2", 6) }),
    () => events({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } }),
    endless,
  ]);
  await until("the third watch", () => asked.length === 4);
  expect(seen).toEqual([["1"], ["1", "2"]]);
  expect(asked.map((url) => param(url, "resourceVersion"))).toEqual(["0", "5", "6", "9"]);
  expect(param(asked[0], "resourceVersionMatch")).toBe("NotOlderThan");
  expect(asked.slice(1).map((url) => param(url, "allowWatchBookmarks"))).toEqual([
    "true",
    "true",
    "true",
  ]);
});

test.each([
  ["the watch is refused", () => status(410, "Expired")],
  [
    "the watch tells it",
    () => events({ type: "ERROR", object: { code: 410, reason: "Expired", message: "old" } }),
  ],
])("a version that is gone has everything listed anew: %s", async (_, gone) => {
  const { asked, seen, troubles } = followed([
    () => list(5, item("1", 4)),
    gone,
    () => list(9, item("3", 8)),
    endless,
  ]);
  await until("the second watch", () => asked.length === 4);
  expect(seen).toEqual([["1"], ["3"]]);
  expect(param(asked[2], "resourceVersion")).toBeNull();
  expect(param(asked[3], "resourceVersion")).toBe("9");
  expect(troubles.filter((each) => each !== null)).toEqual([]);
});

test("pages are put together, and asked for at once where they expire", async () => {
  const { asked, seen } = followed([
    () =>
      Response.json({
        metadata: { resourceVersion: "5", continue: "next" },
        items: [item("1", 1)],
      }),
    () => status(410, "Expired"),
    () => list(6, item("1", 1), item("2", 2)),
    endless,
  ]);
  await until("the watch", () => asked.length === 4);
  expect(seen).toEqual([["1", "2"]]);
  expect(param(asked[1], "continue")).toBe("next");
  expect(param(asked[2], "limit")).toBeNull();
});

test.each([
  ["an error", () => status(500, "InternalError")],
  ["a refusal", () => status(403, "Forbidden")],
  ["what is no JSON", () => new Response("<html>")],
  ["a list that is none", () => Response.json([])],
])("%s is told once it is there and once it is over, and asked again", async (_, bad) => {
  const { seen, troubles } = followed([bad, () => list(5, item("1", 4)), endless]);
  await until("the list", () => seen.length === 1);
  expect(troubles).toHaveLength(2);
  expect(troubles[1]).toBeNull();
});

test("what is no event ends the watch, and what came before it counts", async () => {
  const { asked, seen } = followed([
    () => list(5),
    () => new Response(`${JSON.stringify({ type: "ADDED", object: item("1", 6) })}\nnonsense\n`),
    endless,
  ]);
  await until("the second watch", () => asked.length === 3);
  expect(seen).toEqual([[], ["1"]]);
  expect(param(asked[2], "resourceVersion")).toBe("6");
});

test("a connection on which nothing comes is taken for dead", async () => {
  const { asked } = followed([() => list(5), endless], { silenceMs: 50 });
  await until("another watch", () => asked.length >= 3);
  expect(param(asked[2], "resourceVersion")).toBe("5");
});

test("an event that was lost is found by the next list", async () => {
  const { seen } = followed([() => list(5), endless, () => list(8, item("2", 7)), endless], {
    relistMs: 50,
    silenceMs: 100,
  });
  await until("the second list", () => seen.some((uids) => uids.includes("2")));
  expect(seen.at(-1)).toEqual(["2"]);
});

test("a token that expired is read anew at once", async () => {
  const tokens: (string | null)[] = [];
  const { seen, folder } = followed([
    (_, request) => {
      tokens.push(request.headers.get("authorization"));
      writeFileSync(join(folder, "token"), "second\n");
      return status(401, "Unauthorized");
    },
    (_, request) => {
      tokens.push(request.headers.get("authorization"));
      return list(5, item("1", 4));
    },
    endless,
  ]);
  await until("the list", () => seen.length === 1);
  expect(tokens).toEqual(["Bearer first", "Bearer second"]);
});

test("it is not sent elsewhere", async () => {
  const { troubles } = followed([
    () => new Response(null, { status: 307, headers: { location: "http://127.0.0.1:1/" } }),
    () => list(5),
    endless,
  ]);
  await until("the trouble", () => troubles.length > 0);
  expect(troubles[0]).toContain("307");
});
